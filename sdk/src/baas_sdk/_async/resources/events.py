# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from baas_sdk._async.pagination import AsyncPages
from baas_sdk._async.raw import many, one
from baas_sdk._models.requests import PublishEvent
from baas_sdk._models.responses import StoredEvent
from baas_sdk._request import Call, Options, path

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport
    from baas_sdk._models.enums import EventState


class AsyncEventsResource:
    """`client.events`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(
        self,
        event_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StoredEvent:
        """Get an event. One event, as every receiver got it. Needs a secret key with the scope
        `events:read`.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/admin/events/{}", event_id),
                StoredEvent,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        type: str | None = None,
        subject: str | None = None,
        since: dt.datetime | str | None = None,
        until: dt.datetime | str | None = None,
        state: EventState | Literal["dead", "failing"] | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[StoredEvent]:
        """List events. The log of the store's events, newest first, kept for 90 days; filtered by type,
        subject and time. `state` leaves the events that handlers of the backend itself failed on:
        `failing` are tried again, `dead` are not until you retry them, and are kept until then. Needs a
        secret key with the scope `events:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor`
        of the page before. - `include`: `total` counts the whole list. - `type`: Only events of this
        type. - `subject`: Only what is about this id. - `since`: From this moment on. - `until`: Before
        this moment.
        """
        return AsyncPages(
            self._transport,
            Call(
                "GET",
                "/admin/events",
                StoredEvent,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "include": include,
                    "type": type,
                    "subject": subject,
                    "since": since,
                    "until": until,
                    "state": state,
                },
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    async def publish(
        self,
        *,
        data: Mapping[str, Any],
        type: str,
        deduplication_key: str | None = None,
        subject: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StoredEvent:
        """Publish an event. Publish a fact of your own shop: it is logged, and sent to every endpoint that
        wants its type. Needs a secret key with the scope `events:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                "/admin/events",
                StoredEvent,
                body=PublishEvent(data=data, deduplication_key=deduplication_key, subject=subject, type=type),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def retry(
        self,
        event_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StoredEvent:
        """Retry an event. Have the backend's own handlers that failed on an event try it again at once, and
        as often as at first. Needs a secret key with the scope `events:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/admin/events/{}/retry", event_id),
                StoredEvent,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class AsyncEventsRawResource:
    """`client.with_raw_response.events`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncEventsResource(transport)
        self.get = one(plain.get)
        self.list = many(plain.list)
        self.publish = one(plain.publish)
        self.retry = one(plain.retry)
