"""Phone numbers as WhatsApp wants them: digits alone, beginning with the country."""

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_DIGITS: Final = re.compile(r"[1-9][0-9]{7,14}", re.ASCII)


def digits(number: str) -> str | None:
    """The number for WhatsApp, or None when it is no number with a country code.

    Mobile numbers of Argentina are written in many ways; WhatsApp knows them as 549 and the area without the 15.
    Mexico's no longer have the 1 after 52.
    """
    text = _SEPARATORS.sub("", number.strip())
    international = text.startswith(("+", "00"))
    text = text.removeprefix("+") if text.startswith("+") else text.removeprefix("00")
    if _DIGITS.fullmatch(text) is None:
        return None
    if text.startswith("54") and not text.startswith("549"):
        national = text[2:].removeprefix("0")
        # "11 15 5555 0101": area, 15, number; without both there are ten digits.
        match = re.fullmatch(r"(\d{2,4})15(\d{6,8})", national)
        if match is not None and len(match[1]) + len(match[2]) == 10:
            national = match[1] + match[2]
        text = f"549{national}" if len(national) == 10 else text
    elif text.startswith("521") and len(text) == 13:
        text = "52" + text[3:]
    return text if international or len(text) >= 10 else None
