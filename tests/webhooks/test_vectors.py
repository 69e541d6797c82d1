"""Signatures and codes that others computed: each is a test of ours, and which one is written down here."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from passlib.totp import TOTP

from tests.files import DATA

ROOT = Path(__file__).parents[2]
TESTED_BY = {
    "mercadopago_x_signature": "tests/services/payments/test_mercadopago.py",
    "stripe": "tests/services/payments/test_stripe.py",
    "standard_webhooks": "tests/webhooks/test_signing.py",
    "meta_x_hub_signature_256": "tests/services/notifications/test_whatsapp_reports.py",
    "totp_rfc6238_sha1": "tests/webhooks/test_vectors.py",
}
"""Where the values of each entry of the file are compared with what our code computes."""
COMPUTED = re.compile(r"[0-9a-f]{64}|[A-Za-z0-9+/]{43}=|(?<!\d)(?:\d{6}|\d{8})(?!\d)")
"""Signatures in hexadecimal and in base64, and codes: what each vector says has to come out."""


def computed(value: Any, name: str = "") -> Iterator[str]:
    """Every signature and code of an entry."""
    if isinstance(value, dict):
        for inner, item in value.items():
            yield from computed(item, name if name.startswith("digits") else inner)
    elif isinstance(value, list):
        for item in value:
            yield from computed(item, name)
    elif name in {"v1", "header", "signature"} or name.startswith("digits"):
        yield from COMPUTED.findall(str(value))


def test_every_vector_of_the_file_is_a_test() -> None:
    """A new entry, and a new value in an old one, is missed here until a test compares it."""
    vectors = json.loads((DATA / "signature_vectors.json").read_text(encoding="utf-8"))
    assert vectors.keys() == TESTED_BY.keys()
    for name, entry in vectors.items():
        values = set(computed(entry))
        assert values, f"{name}: nothing in it that could be compared"
        source = (ROOT / TESTED_BY[name]).read_text(encoding="utf-8")
        assert {value for value in values if value not in source} == set(), f"{name} in {TESTED_BY[name]}"


@pytest.mark.parametrize(
    "digits, codes",
    [
        (8, {59: "94287082", 1111111109: "07081804", 1234567890: "89005924", 2000000000: "69279037"}),
        (6, {59: "287082", 1111111109: "081804", 1234567890: "005924"}),
    ],
)
def test_the_library_for_staff_sign_in_computes_the_codes_of_rfc_6238(
    digits: int, codes: dict[int, str]
) -> None:
    """This pins the library that was chosen for the sign-in of staff, libpass (it imports as `passlib`).

    Nothing in `baas/` uses it for one-time codes yet: signing in is a later piece of work.
    """
    totp = TOTP(key="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", format="base32", digits=digits, alg="sha1", period=30)
    for second, code in codes.items():
        assert totp.generate(time=second).token == code
        assert totp.match(code, time=second, window=0).counter == second // 30
