# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.webhook_deliveries`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baas_sdk._models.responses import Delivery, DeliveryWithAttempts
from baas_sdk._request import Call, Options, path
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._models.enums import DeliveryStatus
    from baas_sdk._sync.transport import Transport


class WebhookDeliveriesResource:
    """`client.webhook_deliveries`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self,
        delivery_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> DeliveryWithAttempts:
        """Get a delivery. One delivery with each of its attempts: status, duration, the beginning of the
        answer, the error. Needs a secret key with the scope `webhooks:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/webhook-deliveries/{}", delivery_id),
                DeliveryWithAttempts,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        endpoint_id: str | None = None,
        event_id: str | None = None,
        event_type: str | None = None,
        status: DeliveryStatus | Literal["delivered", "failed", "pending"] | None = None,
        since: dt.datetime | str | None = None,
        until: dt.datetime | str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Delivery]:
        """List deliveries. What was sent where and how it went, newest first. Needs a secret key with the
        scope `webhooks:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the page
        before. - `include`: `total` counts the whole list. - `endpoint_id`: The endpoint's id. -
        `event_id`: The event's id. - `event_type`: Only events of this type. - `status`: Only those in
        this state. - `since`: From this moment on. - `until`: Before this moment.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/webhook-deliveries",
                Delivery,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "include": include,
                    "endpoint_id": endpoint_id,
                    "event_id": event_id,
                    "event_type": event_type,
                    "status": status,
                    "since": since,
                    "until": until,
                },
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def retry(
        self,
        delivery_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Delivery:
        """Retry a delivery. Send a delivery again now, with its schedule from the start. Needs a secret key
        with the scope `webhooks:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/webhook-deliveries/{}/retry", delivery_id),
                Delivery,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class WebhookDeliveriesRawResource:
    """`client.with_raw_response.webhook_deliveries`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = WebhookDeliveriesResource(transport)
        self.get = one(plain.get)
        self.list = many(plain.list)
        self.retry = one(plain.retry)
