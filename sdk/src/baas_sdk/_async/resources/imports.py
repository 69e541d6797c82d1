# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.imports`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baas_sdk._async.raw import one
from baas_sdk._models.responses import Import
from baas_sdk._request import Call, Options, path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport


class AsyncImportsResource:
    """`client.imports`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        file: bytes,
        filename: str = "file.csv",
        format: str = "shopify",
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Import:
        """Import a catalogue. Bring in a Shopify product export (CSV, UTF-8, at most 10 MiB), idempotent by
        handle. A file of up to 100 products is done when the answer comes (201). A larger one goes on in
        the background (202): ask for the import until its status is `done`. A file that cannot be read
        as a whole is refused with 422, and nothing of it is stored. Needs a secret key with the scope
        `imports:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                "/admin/imports",
                Import,
                body={"format": format},
                files={"file": (filename, file)},
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def get(
        self,
        import_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Import:
        """Get an import. What became of a file so far, with its first 1,000 problems. Needs a secret key
        with the scope `imports:write`.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/admin/imports/{}", import_id),
                Import,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )


class AsyncImportsRawResource:
    """`client.with_raw_response.imports`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncImportsResource(transport)
        self.create = one(plain.create)
        self.get = one(plain.get)
