"""What the API takes and answers, in its own form: tokens, numbers, moments, refusals, signatures."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from baas.core.values import clock
from baas.simulators.books import Refusal, decode


def webhook_secret(token: str) -> str:
    """The secret of the application that a token belongs to; the real one is shown in its panel."""
    return "mpsim" + hashlib.sha256(f"mercadopago webhooks of {token}".encode()).hexdigest()[:40]


def collector_of(token: str) -> int:
    """The seller behind a token."""
    return int(hashlib.sha256(f"seller {token}".encode()).hexdigest()[:7], 16) + 1_000_000


def signed_headers(secret: str, data_id: str, *, at: float | None = None) -> dict[str, str]:
    """The headers of a notification, signed in milliseconds as the documentation's newer samples are."""
    request_id = secrets.token_hex(16)
    milliseconds = str(int((clock.now().timestamp() if at is None else at) * 1000))
    manifest = f"id:{data_id};request-id:{request_id};ts:{milliseconds};"
    v1 = hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Request-Id": request_id,
        "X-Signature": f"ts={milliseconds},v1={v1}",
        "X-Retry": "0",
        "X-Socket-Timeout": "22000",
    }


async def body(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Refusal."""
    try:
        found = decode(await request.read())
    except ValueError:
        raise refusal(400, "invalid json", "bad_request") from None
    if not isinstance(found, dict):
        raise refusal(400, "invalid json", "bad_request")
    return found


def number(value: Any, message: str) -> Decimal:
    """An exact number. Raises Refusal with this message."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise refusal(400, message, "bad_request") from None


def stamp() -> str:
    """Now, as it is written in objects."""
    return clock.now().isoformat(timespec="milliseconds")


def time(text: str | None) -> datetime | None:
    """The moment of a query, in UTC unless it says otherwise."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def refusal(status: int, message: str, error: str, code: int | str | None = None) -> Refusal:
    """An error as this API answers it."""
    cause = [{"code": code or error, "description": message, "data": None}]
    return Refusal(status, {"message": message, "error": error, "status": status, "cause": cause})


def token_of(request: web.Request) -> str:
    """Whose request it is. Raises Refusal."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or not token.startswith(("APP_USR-", "TEST-")):
        raise refusal(401, "invalid access token", "unauthorized")
    return token
