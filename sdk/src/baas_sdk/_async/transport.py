"""Sends calls, and sends them again where that may help."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from baas_sdk import _request
from baas_sdk._request import Call, Page, RawResponse
from baas_sdk.errors import ConnectionFailed, InvalidArgument, TimedOut

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

logger = logging.getLogger("baas_sdk")


class AsyncTransport(msgspec.Struct, frozen=True):
    """Everything that a call needs beside its arguments. Copies share one HTTP client."""

    http: httpx.AsyncClient
    base_url: str
    api_key: str
    timeout: float | httpx.Timeout
    max_retries: int
    default_headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, api_key={_request.shown(self.api_key)!r})"

    async def send(self, call: Call[T]) -> T:
        """What the API answers. Raises the class of its refusal, ConnectionFailed or InvalidAnswer."""
        raw = await self.send_raw(call)
        return raw.data

    async def send_raw(self, call: Call[T]) -> RawResponse[T]:
        """The same with everything around it."""
        response, tries, key = await self._send(call)
        raw: RawResponse[T] = _request.read(
            call.answer,
            status=response.status_code,
            headers=response.headers,
            body=response.content,
            tries=tries,
            idempotency_key=key,
        )
        return raw

    async def send_page(self, call: Call[Any], cursor: str | None) -> RawResponse[Page[Any]]:
        """One page of a list."""
        call = msgspec.structs.replace(call, query={**call.query, "cursor": cursor})
        response, tries, key = await self._send(call)
        return _request.read_page(
            call.answer,
            status=response.status_code,
            headers=response.headers,
            body=response.content,
            tries=tries,
            idempotency_key=key,
        )

    async def _send(self, call: Call[Any]) -> tuple[httpx.Response, int, str | None]:
        import httpx

        headers = _request.headers(call, api_key=self.api_key, default=self.default_headers)
        # D-042: one that was given is the key of the call.
        key = headers.get("Idempotency-Key")
        given = call.options.timeout
        parts: dict[str, Any] = {"content": _request.content(call)}
        if call.files is not None:
            # The file may be sent more than once: it has to be in memory.
            parts = {"files": call.files, "data": _request.form(call)}
        try:
            request = self.http.build_request(
                call.method,
                self.base_url + call.path,
                params=_request.query(call.query) or None,
                headers=headers,
                timeout=_timeout(self.timeout if given is None else given),
                **parts,
            )
        except (UnicodeEncodeError, httpx.InvalidURL) as error:
            raise InvalidArgument(f"The request cannot be written: {error}") from None
        tries = 0
        while True:
            tries += 1
            began = time.monotonic()
            try:
                # The key travels in a header of its own, which must not follow a redirect to another host.
                response = await self.http.send(request, follow_redirects=False)
            except (httpx.TransportError, httpx.DecodingError) as error:
                logger.info("%s %s failed: %s", call.method, call.path, type(error).__name__)
                if tries > self.max_retries or isinstance(
                    error, httpx.UnsupportedProtocol | httpx.LocalProtocolError
                ):
                    kind = TimedOut if isinstance(error, httpx.TimeoutException) else ConnectionFailed
                    raise kind(
                        f"{call.method} {call.path} got no answer in {tries} tries:"
                        f" {type(error).__name__}: {error}",
                        idempotency_key=key,
                        tries=tries,
                    ) from error
                await asyncio.sleep(_request.wait(tries))
                continue
            logger.debug(
                "%s %s: %s in %.0f ms (%s)",
                call.method,
                call.path,
                response.status_code,
                (time.monotonic() - began) * 1000,
                response.headers.get("x-request-id"),
            )
            if tries > self.max_retries or not _request.retries(
                response.status_code, response.headers, response.content
            ):
                return response, tries, key
            await asyncio.sleep(_request.wait(tries, response.headers))


def _timeout(given: float | httpx.Timeout) -> httpx.Timeout:
    import httpx

    if isinstance(given, httpx.Timeout):
        return given
    return httpx.Timeout(given, connect=min(given, _request.CONNECT_TIMEOUT))
