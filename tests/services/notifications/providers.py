"""Resend, SendGrid and WhatsApp's Cloud API as their clients see them: what is required, what comes back, what fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "the-right-token"


@dataclass
class Providers:
    """The three of them at one address; `next` answers come before the usual ones."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    delivered: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What really went out, by the provider's id."""
    keys: dict[str, tuple[Any, str]] = field(default_factory=dict)
    next: list[web.Response] = field(default_factory=list)

    async def _read(self, request: web.Request) -> Any:
        body = await request.json()
        self.requests.append(
            {
                "path": request.path,
                "headers": {name.lower(): value for name, value in request.headers.items()},
                "body": body,
            }
        )
        return body

    def _refused(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") != f"Bearer {TOKEN}"

    async def resend(self, request: web.Request) -> web.Response:
        body = await self._read(request)
        if "User-Agent" not in request.headers:
            return web.json_response({"statusCode": 403, "name": "forbidden", "message": "no"}, status=403)
        if self._refused(request):
            error = {"statusCode": 401, "name": "missing_api_key", "message": "Missing API Key"}
            return web.json_response(error, status=401)
        if self.next:
            return self.next.pop(0)
        if not isinstance(body.get("to"), list) or not {"from", "subject"} <= set(body):
            error = {"statusCode": 422, "name": "validation_error", "message": "Missing `to` field"}
            return web.json_response(error, status=422)
        key = request.headers["Idempotency-Key"]
        assert len(key) <= 256
        if key in self.keys:
            former, identity = self.keys[key]
            if former != body:
                error = {
                    "statusCode": 409,
                    "name": "invalid_idempotent_request",
                    "message": "different payload",
                }
                return web.json_response(error, status=409)
            return web.json_response({"id": identity})
        identity = f"re_{len(self.delivered)}"
        self.keys[key] = (body, identity)
        self.delivered[identity] = body
        return web.json_response({"id": identity})

    async def sendgrid(self, request: web.Request) -> web.Response:
        body = await self._read(request)
        if self._refused(request):
            errors = [{"message": "The provided authorization grant is invalid", "field": None}]
            return web.json_response({"errors": errors}, status=401)
        if self.next:
            return self.next.pop(0)
        kinds = [part["type"] for part in body["content"]]
        if kinds != sorted(kinds, reverse=True) or not body["personalizations"][0]["to"][0]["email"]:
            errors = [{"message": "text/plain must be first", "field": "content"}]
            return web.json_response({"errors": errors}, status=400)
        identity = f"sg-{len(self.delivered)}"
        self.delivered[identity] = body
        return web.Response(status=202, headers={"X-Message-Id": identity})

    async def whatsapp(self, request: web.Request) -> web.Response:
        body = await self._read(request)

        def error(status: int, code: int, message: str) -> web.Response:
            details = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "x"}
            return web.json_response({"error": details}, status=status)

        if self._refused(request):
            return error(401, 190, "Error validating access token")
        if self.next:
            return self.next.pop(0)
        if body["messaging_product"] != "whatsapp" or not str(body["to"]).isdigit():
            return error(400, 100, "Invalid parameter")
        if body["type"] == "text" and body["to"].endswith("9999"):
            return error(400, 131047, "Re-engagement message")
        identity = f"wamid.{len(self.delivered)}"
        self.delivered[identity] = body
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": body["to"], "wa_id": body["to"]}],
                "messages": [{"id": identity}],
            }
        )


@asynccontextmanager
async def fake_providers() -> AsyncIterator[Providers]:
    """All of them, on loopback."""
    providers = Providers()
    app = web.Application()
    app.router.add_post("/resend/emails", providers.resend)
    app.router.add_post("/sendgrid/v3/mail/send", providers.sendgrid)
    app.router.add_post("/v23.0/{number}/messages", providers.whatsapp)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    providers.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield providers
    finally:
        await runner.cleanup()
