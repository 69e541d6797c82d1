# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""`client.webhook_endpoints`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._async.pagination import AsyncPages
from baas_sdk._async.raw import many, one
from baas_sdk._models.requests import CreateEndpoint, Replay, UpdateEndpoint
from baas_sdk._models.responses import Delivery, Endpoint, EndpointWithSecret, Replayed
from baas_sdk._request import Call, Options, path

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from httpx import Timeout

    from baas_sdk._async.transport import AsyncTransport
    from baas_sdk._models.enums import ReplayOfWord, SwitchWord


class AsyncWebhookEndpointsResource:
    """`client.webhook_endpoints`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        event_types: Sequence[str],
        url: str,
        description: str | None = None,
        ordered: bool | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> EndpointWithSecret:
        """Create an endpoint. Have events sent to an address. The secret that signs them is shown here and
        never again. Needs a secret key with the scope `webhooks:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                "/admin/webhook-endpoints",
                EndpointWithSecret,
                body=CreateEndpoint(
                    description=description, event_types=event_types, ordered=ordered, url=url
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def delete(
        self,
        endpoint_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Endpoint:
        """Delete an endpoint. Send nothing more to an address. Its deliveries stay readable in the log.
        Needs a secret key with the scope `webhooks:write`.
        """
        return await self._transport.send(
            Call(
                "DELETE",
                path("/admin/webhook-endpoints/{}", endpoint_id),
                Endpoint,
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
        endpoint_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Endpoint:
        """Get an endpoint. One endpoint, with its health. Needs a secret key with the scope
        `webhooks:read`.
        """
        return await self._transport.send(
            Call(
                "GET",
                path("/admin/webhook-endpoints/{}", endpoint_id),
                Endpoint,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[Endpoint]:
        """List endpoints. The store's endpoints, newest first, without their secrets. Needs a secret key
        with the scope `webhooks:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the
        page before. - `include`: `total` counts the whole list.
        """
        return AsyncPages(
            self._transport,
            Call(
                "GET",
                "/admin/webhook-endpoints",
                Endpoint,
                query={"limit": limit, "cursor": cursor, "include": include},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    async def replay(
        self,
        endpoint_id: str,
        *,
        since: dt.datetime,
        event_types: Sequence[str] | None = None,
        until: dt.datetime | None = None,
        which: ReplayOfWord | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Replayed:
        """Replay events. Send again what failed since a moment, or everything, up to ten thousand events at
        a time. Needs a secret key with the scope `webhooks:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/admin/webhook-endpoints/{}/replay", endpoint_id),
                Replayed,
                body=Replay(event_types=event_types, since=since, until=until, which=which),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def rotate_secret(
        self,
        endpoint_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> EndpointWithSecret:
        """Rotate the secret. Make a new secret. For 24 hours both sign, so that receivers can change over
        without a gap. Needs a secret key with the scope `webhooks:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/admin/webhook-endpoints/{}/rotate-secret", endpoint_id),
                EndpointWithSecret,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def test(
        self,
        endpoint_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Delivery:
        """Send a test. Send a `webhook_endpoint.test` event to this endpoint alone, and see in its delivery
        how it went. Needs a secret key with the scope `webhooks:write`.
        """
        return await self._transport.send(
            Call(
                "POST",
                path("/admin/webhook-endpoints/{}/test", endpoint_id),
                Delivery,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    async def update(
        self,
        endpoint_id: str,
        *,
        description: str | None | UnsetType = UNSET,
        event_types: Sequence[str] | UnsetType = UNSET,
        ordered: bool | UnsetType = UNSET,
        status: SwitchWord | UnsetType = UNSET,
        url: str | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Endpoint:
        """Update an endpoint. Change an endpoint, disable it, or enable it again; what is absent stays.
        Needs a secret key with the scope `webhooks:write`.
        """
        return await self._transport.send(
            Call(
                "PATCH",
                path("/admin/webhook-endpoints/{}", endpoint_id),
                Endpoint,
                body=UpdateEndpoint(
                    description=description, event_types=event_types, ordered=ordered, status=status, url=url
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class AsyncWebhookEndpointsRawResource:
    """`client.with_raw_response.webhook_endpoints`, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        plain = AsyncWebhookEndpointsResource(transport)
        self.create = one(plain.create)
        self.delete = one(plain.delete)
        self.get = one(plain.get)
        self.list = many(plain.list)
        self.replay = one(plain.replay)
        self.rotate_secret = one(plain.rotate_secret)
        self.test = one(plain.test)
        self.update = one(plain.update)
