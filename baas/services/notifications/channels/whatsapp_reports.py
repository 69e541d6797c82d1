"""What Meta reports of messages that it took: who signed it, and what it says."""

import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from baas.core import crypto
from baas.core.errors import MalformedJson
from baas.services.notifications.channels import mime
from baas.services.notifications.channels.whatsapp import MAX_ID, advice
from baas.services.notifications.schemas import ReportStatus

_SCHEME: Final = "sha256="
_STATUSES: Final = tuple(ReportStatus)
"""Not a set: what Meta says may be anything, also what cannot be hashed."""


class Report(msgspec.Struct, frozen=True):
    """What became of one message."""

    message_id: str
    status: ReportStatus
    error: str | None
    at: datetime | None
    """None when Meta does not say."""


def is_signed(app_secret: str, body: bytes, header: str | None) -> bool:
    """Whether `X-Hub-Signature-256` is the signature of these very bytes under the Meta app's secret."""
    expected = _SCHEME + hmac.digest(app_secret.encode(), body, "sha256").hex()
    return header is not None and crypto.equal(expected, header)


def reports_of(body: bytes, phone_number_id: str) -> list[Report]:
    """The statuses of one number's messages, in all entries of a post. Whatever else it holds is passed over.

    Raises MalformedJson.
    """
    try:
        post = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJson(f"The body is not valid JSON: {error}"[:300]) from None
    return [
        report
        for entry in _objects(post, "entry")
        for change in _objects(entry, "changes")
        for value in (_object(change, "value"),)
        if _object(value, "metadata").get("phone_number_id") == phone_number_id
        for status in _objects(value, "statuses")
        for report in (_report(status),)
        if report is not None
    ]


def _report(status: dict[str, Any]) -> Report | None:
    identity, word = status.get("id"), status.get("status")
    if not isinstance(identity, str) or not identity or word not in _STATUSES:
        return None
    return Report(
        identity[:MAX_ID],
        ReportStatus(word),
        _reason(status) if word == ReportStatus.FAILED else None,
        _moment(status.get("timestamp")),
    )


def _reason(status: dict[str, Any]) -> str:
    first = next(_objects(status, "errors"), {})
    said = [first.get("title"), first.get("message"), _object(first, "error_data").get("details")]
    words = dict.fromkeys(word for word in said if isinstance(word, str) and word)
    code = first.get("code")
    reason = mime.one_line(f"WhatsApp could not deliver it: {code or ''} {'; '.join(words)}", 280)
    return reason.removesuffix(":") + advice(code)


def _moment(timestamp: object) -> datetime | None:
    text = str(timestamp)
    return (
        datetime.fromtimestamp(int(text), UTC)
        if text.isascii() and text.isdigit() and len(text) < 11
        else None
    )


def _object(parent: Any, name: str) -> dict[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return found if isinstance(found, dict) else {}


def _objects(parent: Any, name: str) -> Iterator[dict[str, Any]]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return (item for item in (found if isinstance(found, list) else ()) if isinstance(item, dict))
