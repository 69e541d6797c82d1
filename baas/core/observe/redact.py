"""What may be written down about a request: ids and facts, never secrets, bodies or mail addresses.

One place decides for the logs, for exception texts and for what goes to Sentry. It masks by name (a
field called `password`) and by look (a text that holds one of our keys), because neither alone is
enough. It prefers to mask too much.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

MASK: Final = "[redacted]"

_MAX_DEPTH: Final = 12
_MAX_ITEMS: Final = 100
_HEAD: Final = 4_096
_TAIL: Final = 12_288  # the end of a traceback says more than its beginning


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A name is a list of words: `webhookSecret`, `X-Api-Key` and `token_hash` all have one of these.
_SECRET_WORDS: Final = _words(
    """
    password passwd passphrase secret secrets token tokens authorization credential credentials
    cookie cookies signature signatures apikey otp cvv cvc dsn jwt bearer email emails mail
    phone recipient body payload
    """
)
# … unless the last word says that it is only about one.
_HARMLESS_ENDINGS: Final = _words(
    "id ids type kind name count at version prefix four status expires ttl length bytes algorithm"
)
_HARMLESS_KEYS: Final = _words(
    "template_key sort_key cache_key primary_key foreign_key deduplication_key translation_key"
)
_WORD_BORDER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

# Nearly every value (an id, an event name, a path) has none of these signs and is passed on as it is.
_SUSPECT: Final = re.compile(
    r"[@:=(]|_(?:live|test)_|whsec_|eyJ|APP_USR-|TEST-|bearer\s|basic\s", re.IGNORECASE
)

_SENSITIVE_NAME: Final = (
    r"[\w-]{0,40}"
    r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization|credential|signature)"
    r"[\w-]{0,40}"
)
_PATTERNS: Final = [
    # Keys of ours and of providers, wherever they stand; the beginning tells people which kind it was.
    (
        re.compile(r"(?<![A-Za-z0-9])((?:pk|sk|rk)_(?:live|test)_|whsec_|APP_USR-|TEST-)[\w+/=-]{4,}"),
        rf"\1{MASK}",
    ),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), MASK),
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE), rf"\1 {MASK}"),
    # A password inside an address: postgresql://user:password@host.
    (re.compile(r"://[^/\s@:]{0,200}:[^/\s@]{1,200}@"), f"://{MASK}@"),
    (re.compile(r"(cookie[\"']?\s*[:=]\s*)[^\n]+", re.IGNORECASE), rf"\1{MASK}"),
    # name=value, name: value, 'name': 'value', in query strings, representations and JSON.
    (
        re.compile(
            rf"(?<![\w-])({_SENSITIVE_NAME}[\"']?\s*[:=]\s*)(?:b?\"[^\"\n]*\"|b?'[^'\n]*'|[^\s,;&)}}\]\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # What PostgreSQL and its driver repeat of a row.
    (re.compile(r"\[parameters: [^\n]*"), f"[parameters: {MASK}]"),
    (re.compile(r"(Key \([^\n]{0,200}?\)=)\([^\n]*\)"), rf"\1({MASK})"),
    (re.compile(r"(Failing row contains )\([^\n]*"), rf"\1({MASK})"),
    (re.compile(r"(invalid input for query argument \$\d+: )[^\n]*"), rf"\1{MASK}"),
    # Mail addresses. The look-behind keeps the search linear on long words.
    (re.compile(r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,24}"), "[mail]"),
]


_personal: Final[set[str]] = set()


def mask_also(names: Iterable[str]) -> None:
    """Mask fields of these names from now on: the application brings those of its personal columns."""
    _personal.update(names)
    is_secret.cache_clear()


@lru_cache(maxsize=2048)
def is_secret(name: str) -> bool:
    """Whether a field of this name is masked whatever it holds."""
    if name in _personal:
        return True
    words = [word.lower() for word in _WORD_BORDER.split(name[:80]) if word]
    if not words or words[-1] in _HARMLESS_ENDINGS:
        return False
    if words[-1] in {"key", "keys"}:
        return "_".join(words) not in _HARMLESS_KEYS
    return not _SECRET_WORDS.isdisjoint(words)


def redact_text(text: str) -> str:
    """The text without what looks like a secret or a mail address, and cut in the middle when it is long."""
    if len(text) > _HEAD + _TAIL:
        text = f"{text[:_HEAD]} … {len(text) - _HEAD - _TAIL} characters cut … {text[-_TAIL:]}"
    if _SUSPECT.search(text) is None:
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


# What an error quotes is what it was given: a value of somebody's. So may a longer number be.
_QUOTED: Final = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`|\d{4,}")
_ERROR_LENGTH: Final = 300


def redact_error(error: BaseException) -> tuple[str, str]:
    """The class of an error, and what it says without what it quotes: for people who may not see everybody's data."""
    text = redact_text(str(error)).split("\n", 1)[0]
    return type(error).__name__, _QUOTED.sub("…", text)[:_ERROR_LENGTH]


def redact_value(value: Any, depth: int = 0) -> Any:
    """The value, made of plain types only, with everything masked that should not be written down."""
    if isinstance(value, str):
        # A member of a StrEnum becomes its value, for renderers that would show the class.
        return redact_text(str(value))
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return redact(value, depth + 1)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item, depth + 1) for item in list(value)[:_MAX_ITEMS]]
    try:
        return redact_text(repr(value))
    except Exception:  # a broken __repr__ of somebody else's must not break the line it stands in
        return f"<{type(value).__name__}>"


def redact(fields: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """All fields, the secret ones masked by their name, the others by their look."""
    clean: dict[str, Any] = {}
    for key, value in fields.items():
        name = key if isinstance(key, str) else redact_text(str(key))
        clean[name] = MASK if value is not None and is_secret(name) else redact_value(value, depth)
    return clean
