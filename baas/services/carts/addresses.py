"""Postal addresses as carts and orders take them."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from baas.core.errors import ValidationFailed

_CODES: Final = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK
    YE YT ZA ZM ZW
"""
COUNTRIES: Final = frozenset(_CODES.split())
"""ISO 3166-1 alpha-2, and XK, which carriers use for Kosovo."""

_Short = Annotated[str, Meta(max_length=60)]


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something or somebody is."""

    name: Annotated[str, Meta(min_length=1, max_length=200, examples=["Ana García"])]
    line1: Annotated[str, Meta(min_length=1, max_length=200, examples=["Av. Corrientes 1234"])]
    line2: Annotated[str, Meta(max_length=200)] | None = None
    city: Annotated[str, Meta(min_length=1, max_length=200, examples=["Buenos Aires"])]
    region: Annotated[str, Meta(max_length=200)] | None = None
    postal_code: _Short | None = None
    country: Annotated[
        str, Meta(min_length=2, max_length=2, description="ISO 3166-1 alpha-2", examples=["AR"])
    ]
    phone: _Short | None = None
    company: Annotated[str, Meta(max_length=200)] | None = None
    tax_id: _Short | None = None


class AddressView(msgspec.Struct, frozen=True):
    """An address as it is stored."""

    name: Annotated[str, Meta(examples=["Ana García"])]
    line1: str
    city: str
    country: str
    line2: str | None = None
    region: str | None = None
    postal_code: str | None = None
    phone: str | None = None
    company: str | None = None
    tax_id: str | None = None


def stored_form(address: Address, field: str) -> dict[str, Any]:
    """An address ready to be stored: without outer blanks, empty parts left out, the country in capitals.

    Raises ValidationFailed naming the part of `field` that is wrong.
    """
    stored: dict[str, Any] = {}
    for name in Address.__struct_fields__:
        value: str | None = getattr(address, name)
        text = "" if value is None else value.strip()
        if any(_is_control(letter) for letter in text):
            raise ValidationFailed.field(f"{field}.{name}", "holds a control character")
        if text:
            stored[name] = text
        elif name in {"name", "line1", "city"}:
            raise ValidationFailed.field(f"{field}.{name}", "must not be blank")
    country = address.country.upper()
    if country not in COUNTRIES:
        raise ValidationFailed.field(f"{field}.country", "is not an ISO 3166-1 alpha-2 country code")
    stored["country"] = country
    return stored


def view_of(stored: dict[str, Any] | None) -> AddressView | None:
    """A stored address as it is answered."""
    return None if stored is None else msgspec.convert(stored, AddressView)


def _is_control(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter < "\xa0"
