"""WhatsApp: the Cloud API of Meta, and links that a person opens."""

from typing import Any, Final
from urllib.parse import quote

from baas.core.outgoing.http import OutgoingClient
from baas.services.notifications.channels import mime
from baas.services.notifications.channels.base import Failure, Message, SendFailed, Sent
from baas.services.notifications.channels.mail_http import parsed, post, retry_after
from baas.services.notifications.phones import digits

MAX_BODY: Final = 4096
MAX_LINK: Final = 2000
MAX_ID: Final = 200
"""As much as is kept of Meta's id of a message."""
_BUSY: Final = frozenset({1, 2, 4, 80007, 130429, 131016, 131048, 131056})
"""Too many messages, or Meta itself is unwell."""
_SENDER: Final = frozenset({3, 10, 100, 190, 131005, 131031, 133010}) | frozenset(range(200, 300))
"""The token or the number is not right."""
_WINDOW: Final = 131047


def advice(code: object) -> str:
    """What a person can do about one of Meta's errors, as a sentence to go on with; empty for most."""
    if code != _WINDOW:
        return ""
    return (
        " Free text goes only within 24 hours of the customer's last message;"
        " give the template a provider_template."
    )


class CloudApi:
    """The store's own number at Meta. No idempotency key: a message whose answer was lost may come twice."""

    name = "whatsapp"

    def __init__(self, http: OutgoingClient, base_url: str, phone_number_id: str, access_token: str) -> None:
        self._http = http
        self._url = f"{base_url}/{phone_number_id}/messages"
        self._access_token = access_token

    async def send(self, message: Message) -> Sent:
        """Hand a message over and answer Meta's id of it (`wamid.…`)."""
        payload: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": _number(message.to),
        }
        if message.provider_template is not None:
            payload |= {"type": "template", "template": _template(message.provider_template)}
        else:
            text = message.body.strip()
            payload |= {"type": "text", "text": {"preview_url": True, "body": _cut(text, MAX_BODY)}}
        answer = await post(self._http, self._url, self._access_token, payload)
        said = parsed(answer)
        messages = said.get("messages")
        if 200 <= answer.status < 300 and isinstance(messages, list) and messages:
            return Sent(provider_message_id=str(messages[0].get("id", ""))[:MAX_ID] or None)
        error = said.get("error")
        details: dict[str, Any] = error if isinstance(error, dict) else {}
        code = details.get("code")
        reason = mime.one_line(
            f"WhatsApp answered {code or answer.status}: {details.get('message', '')}", 280
        )
        if code == _WINDOW:
            raise SendFailed(reason + advice(code), Failure.PERMANENT)
        if code in _BUSY or answer.status == 429 or answer.status >= 500:
            raise SendFailed(reason, retry_after=retry_after(answer), of_sender=True)
        if answer.status == 401 or code in _SENDER:
            raise SendFailed(reason, Failure.CONFIGURATION)
        raise SendFailed(reason, Failure.PERMANENT)


class Link:
    """`wa.me`: the message is ready to be sent by whoever opens the link. Opening it is not sending it."""

    name = "wa.me"

    async def send(self, message: Message) -> Sent:
        """Make the link."""
        start = f"https://wa.me/{_number(message.to)}?text="
        text = message.body.strip()
        while len(start) + len(quote(text, safe="")) > MAX_LINK:
            text = _cut(text, len(text) * 9 // 10)
        return Sent(provider_message_id=None, action_url=start + quote(text, safe=""))


def _number(to: str) -> str:
    number = digits(to)
    if number is None:
        raise SendFailed("This is not a phone number with its country code.", Failure.PERMANENT)
    return number


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip("\u2026 ") + "…"


def _template(given: dict[str, Any]) -> dict[str, Any]:
    template: dict[str, Any] = {"name": given["name"], "language": {"code": given["language"]}}
    if given.get("parameters"):
        # Meta refuses empty parameters and line breaks in them.
        parameters = [
            {"type": "text", "text": mime.one_line(text, 1024) or "-"} for text in given["parameters"]
        ]
        template["components"] = [{"type": "body", "parameters": parameters}]
    return template
