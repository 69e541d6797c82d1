# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.test_clock`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baas_sdk._models.requests import AdvanceClock
from baas_sdk._models.responses import TestClock
from baas_sdk._request import Call, Options
from baas_sdk._sync.raw import one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._sync.transport import Transport


class TestClockResource:
    """`client.test_clock`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        advance: str,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TestClock:
        """Move a test store's time forward. Move the time of a test store: what is due by then happens now,
        over the same code as in a live store. Needs a secret key with the scope `store:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                "/admin/test-clock",
                TestClock,
                body=AdvanceClock(advance=advance),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def get(
        self,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TestClock:
        """Get the store's time. The time as the store sees it; a test store's may be ahead. Needs a secret
        key with the scope `store:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                "/admin/test-clock",
                TestClock,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )


class TestClockRawResource:
    """`client.with_raw_response.test_clock`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = TestClockResource(transport)
        self.create = one(plain.create)
        self.get = one(plain.get)
