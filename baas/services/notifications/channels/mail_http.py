"""Mail by HTTP: Resend and SendGrid."""

import hashlib
from datetime import timedelta
from typing import Any, Final

import msgspec

from baas.core.outgoing.http import OutgoingClient, OutgoingError, OutgoingResponse
from baas.services.notifications import policy
from baas.services.notifications.channels import mime
from baas.services.notifications.channels.base import Failure, Message, SendFailed, Sent

_USER_AGENT: Final = "baas-mail/1"
"""Resend refuses requests without one."""


async def post(
    http: OutgoingClient, url: str, token: str, payload: dict[str, Any], headers: dict[str, str] | None = None
) -> OutgoingResponse:
    """Ask a provider. Raises SendFailed when there was no answer at all."""
    try:
        return await http.request(
            "POST",
            url,
            headers={
                "authorization": f"Bearer {token}",
                "content-type": "application/json",
                "user-agent": _USER_AGENT,
                **(headers or {}),
            },
            body=msgspec.json.encode(payload),
            timeout=policy.SEND_SECONDS,
            keep=("x-message-id",),
            # The address is the deployment's own setting; in production it begins with https://.
            allow_insecure=url.startswith("http://"),
        )
    except OutgoingError as error:
        raise SendFailed(f"The provider cannot be reached: {error}", of_sender=True) from None


def parsed(answer: OutgoingResponse) -> dict[str, Any]:
    """The JSON object of an answer, or an empty one."""
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def retry_after(answer: OutgoingResponse) -> timedelta | None:
    """How long a provider asks us to wait."""
    value = answer.headers.get("retry-after", "")
    return timedelta(seconds=int(value)) if value.isascii() and value.isdigit() and len(value) < 8 else None


def refusal(provider: str, answer: OutgoingResponse, said: str) -> SendFailed:
    """What a status means for the message."""
    reason = mime.one_line(f"{provider} answered {answer.status}: {said}".rstrip(": "), 280)
    status = answer.status
    if status in (401, 402, 403):
        return SendFailed(reason, Failure.CONFIGURATION)
    if status in (408, 409, 425, 429) or status >= 500:
        return SendFailed(reason, retry_after=retry_after(answer), of_sender=status == 429 or status >= 500)
    return SendFailed(reason, Failure.PERMANENT)


class Resend:
    """resend.com. Its Idempotency-Key makes a repeated message one message, for 24 hours."""

    name = "resend"

    def __init__(self, http: OutgoingClient, base_url: str, api_key: str) -> None:
        self._http = http
        self._url = f"{base_url}/emails"
        self._api_key = api_key

    async def send(self, message: Message) -> Sent:
        """Hand a mail over and answer Resend's id of it."""
        payload: dict[str, Any] = {
            "from": str(mime.address(message.sender_name, message.sender_email)),
            "to": [message.to],
            "subject": mime.one_line(message.subject) or "-",
            "text": message.body,
            "headers": {"X-Entity-Ref-ID": message.key, "Auto-Submitted": "auto-generated"},
            "tags": [{"name": "notification", "value": message.id}],
        }
        if message.html is not None:
            payload["html"] = message.html
        if message.reply_to:
            payload["reply_to"] = [message.reply_to]
        # The same key with another content is refused: what was mended since is another message.
        fingerprint = hashlib.sha256(msgspec.json.encode(payload, order="sorted")).hexdigest()[:16]
        answer = await post(
            self._http, self._url, self._api_key, payload, {"idempotency-key": f"{message.key}-{fingerprint}"}
        )
        said = parsed(answer)
        if 200 <= answer.status < 300 and isinstance(said.get("id"), str):
            return Sent(provider_message_id=said["id"][:200])
        raise refusal("Resend", answer, f"{said.get('name', '')} {said.get('message', '')}".strip())


class SendGrid:
    """sendgrid.com. It has no idempotency key: a message whose answer was lost may come twice."""

    name = "sendgrid"

    def __init__(self, http: OutgoingClient, base_url: str, api_key: str) -> None:
        self._http = http
        self._url = f"{base_url}/v3/mail/send"
        self._api_key = api_key

    async def send(self, message: Message) -> Sent:
        """Hand a mail over and answer SendGrid's id of it."""
        content = [{"type": "text/plain", "value": message.body}]
        if message.html is not None:
            content.append({"type": "text/html", "value": message.html})
        payload: dict[str, Any] = {
            "personalizations": [{"to": [{"email": message.to}]}],
            "from": {"email": message.sender_email, "name": mime.one_line(message.sender_name)},
            "subject": mime.one_line(message.subject) or "-",
            "content": content,
            "headers": {"Auto-Submitted": "auto-generated"},
            "custom_args": {"notification": message.key},
        }
        if message.reply_to:
            payload["reply_to"] = {"email": message.reply_to}
        answer = await post(self._http, self._url, self._api_key, payload)
        if answer.status in {200, 202}:
            return Sent(provider_message_id=answer.headers.get("x-message-id", message.key)[:200])
        errors = parsed(answer).get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        raise refusal("SendGrid", answer, str(first.get("message", "")))
