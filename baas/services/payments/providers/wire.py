"""Asking a payment provider over HTTP: its address is the deployment's, its answer is JSON, its time is short.

Numbers with decimals are read and written as `Decimal`: no float touches money on this way either.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from baas.core.outgoing.http import OutgoingClient, OutgoingError, OutgoingResponse
from baas.services.payments.providers.base import ProviderRefused, ProviderUnavailable

TIMEOUT: Final = 10.0
"""Seconds for one question, with everything that is repeated within it."""
MAX_BYTES: Final = 4 * 1024 * 1024
USER_AGENT: Final = "baas/1"
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def decode(body: bytes) -> Any:
    """JSON with exact numbers. Raises msgspec.DecodeError."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(body)


class Address(msgspec.Struct, frozen=True):
    """Where a provider is: its own host, or a simulator on loopback in development."""

    url: str

    @property
    def is_simulated(self) -> bool:
        """Whether this is no provider but its likeness; the settings allow that in development alone."""
        return self.url.startswith("http://")


class Wire:
    """One provider's API with one account's credentials."""

    def __init__(
        self,
        http: OutgoingClient,
        address: Address,
        *,
        token: str,
        secrets: Iterable[str],
        refusal: Callable[[Any], tuple[str, str | None]],
    ) -> None:
        """`refusal` reads message and code out of an error's body; `secrets` never leave in a message."""
        self._http = http
        self._address = address
        self._token = token
        self._secrets = tuple(secret for secret in secrets if len(secret) > 5)
        self._refusal = refusal

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """What is there; None when the provider does not know it."""
        return await self._ask("GET", path, query=query, missing=True)

    async def post(self, path: str, body: Any, *, key: str | None = None) -> Any:
        """What was made. The same key makes it once."""
        headers = {} if key is None else {"X-Idempotency-Key": key}
        return await self._ask("POST", path, body=body, headers=headers)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> Any:
        target = self._address.url + path + (f"?{urlencode(query)}" if query else "")
        try:
            answer = await self._http.request(
                method,
                target,
                headers={
                    "Authorization": f"Bearer {self._token}",
                    "Accept": "application/json",
                    "User-Agent": USER_AGENT,
                    **({} if body is None else {"Content-Type": "application/json"}),
                    **(headers or {}),
                },
                body=None if body is None else _ENCODER.encode(body),
                timeout=TIMEOUT,
                max_bytes=MAX_BYTES,
                allow_insecure=self._address.is_simulated,
            )
        except OutgoingError as error:
            raise ProviderUnavailable(str(error)) from error
        return self._read(answer, missing=missing)

    def _read(self, answer: OutgoingResponse, *, missing: bool) -> Any:
        if answer.status in {408, 409, 423, 429} or answer.status >= 500 or not answer.complete:
            raise ProviderUnavailable(f"The provider answered {answer.status}.")
        try:
            data = decode(answer.body) if answer.body else None
        except msgspec.DecodeError:
            raise ProviderUnavailable(f"The provider answered {answer.status} with no JSON.") from None
        if answer.status == 404 and missing:
            return None
        if not 200 <= answer.status < 300:
            message, code = self._refusal(data)
            raise ProviderRefused(
                self.clean(message), code="unauthorized" if answer.status in {401, 403} else code
            )
        return data

    def clean(self, message: str) -> str:
        """The provider's words, cut and without anything secret."""
        for secret in self._secrets:
            message = message.replace(secret, "***")
        return message[:300]
