"""Durations as people write them: `90`, `30m`, `24h`, `7d`."""

import re
from typing import Final

from baas.core.errors import ValidationFailed

_DURATION: Final = re.compile(r"([0-9]{1,9})(s|m|h|d)?")
LONGEST: Final = 10 * 366 * 86400
"""Moments so far away from now are still moments of every calendar."""
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, None: 1}


def seconds(text: str) -> int:
    """Seconds of a duration such as `90`, `30m`, `24h` or `7d`, ten years at most. Raises ValidationFailed."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValidationFailed.field("duration", f"{text!r} is not like 90, 30m, 24h or 7d")
    length = int(match[1]) * _SECONDS[match[2]]
    if length > LONGEST:
        raise ValidationFailed.field("duration", f"{text} is longer than ten years")
    return length
