# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.orders`."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import (
    Address,
    CancelOrder,
    CreateOrder,
    CreateOrderRefund,
    DeliverOrder,
    FulfillOrder,
    NewItem,
    RefundItem,
    ReturnOrder,
    ShipOrder,
)
from baas_sdk._models.responses import Order, OrderRefunds, OrderStats, Tracking, Transition
from baas_sdk._request import Call, Options, path
from baas_sdk._struct import made, made_list
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from httpx import Timeout

    from baas_sdk._models.enums import OrderStatus, PaymentState
    from baas_sdk._models.requests import AddressDict, NewItemDict, RefundItemDict, TrackingDict
    from baas_sdk._sync.transport import Transport


class OrdersResource:
    """`client.orders`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def cancel(
        self,
        order_id: str,
        *,
        reason: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Order:
        """Cancel an order. Give the money back, then the stock. An order that is on its way can only be
        returned. Needs a secret key with the scope `orders:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/orders/{}/cancel", order_id),
                Order,
                body=CancelOrder(reason=reason),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def create(
        self,
        *,
        items: Sequence[NewItem | NewItemDict],
        billing_address: Address | AddressDict | None = None,
        discount_total: int | UnsetType = UNSET,
        email: str | None = None,
        metadata: Mapping[str, Any] | UnsetType = UNSET,
        note: str | None = None,
        paid: bool | UnsetType = UNSET,
        reference: str | None = None,
        reserve_stock: bool | UnsetType = UNSET,
        shipping_address: Address | AddressDict | None = None,
        shipping_total: int | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Order:
        """Create an order. An order that the client's own shop took, paid already or to be paid through
        `POST /admin/payments`. Needs a secret key with the scope `orders:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                "/admin/orders",
                Order,
                body=CreateOrder(
                    billing_address=made(Address, billing_address),
                    discount_total=discount_total,
                    email=email,
                    items=made_list(NewItem, items),
                    metadata=metadata,
                    note=note,
                    paid=paid,
                    reference=reference,
                    reserve_stock=reserve_stock,
                    shipping_address=made(Address, shipping_address),
                    shipping_total=shipping_total,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def deliver(
        self,
        order_id: str,
        *,
        reason: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Order:
        """Note that an order arrived. The customer has it. Needs a secret key with the scope
        `orders:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/orders/{}/deliver", order_id),
                Order,
                body=DeliverOrder(reason=reason),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def fulfill(
        self,
        order_id: str,
        *,
        reason: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Order:
        """Begin to prepare an order. From `paid` to `processing`. Needs a secret key with the scope
        `orders:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/orders/{}/fulfill", order_id),
                Order,
                body=FulfillOrder(reason=reason),
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
        order_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Order:
        """Get an order. One order with its lines. Needs a secret key with the scope `orders:read`."""
        return self._transport.send(
            Call(
                "GET",
                path("/admin/orders/{}", order_id),
                Order,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def history(
        self,
        order_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> builtins.list[Transition]:
        """History of an order. Who moved the order where, when and why. Needs a secret key with the scope
        `orders:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/orders/{}/history", order_id),
                builtins.list[Transition],
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        status: OrderStatus
        | Literal[
            "cancelled",
            "delivered",
            "paid",
            "payment_failed",
            "payment_pending",
            "pending",
            "processing",
            "returned",
            "shipped",
        ]
        | None = None,
        payment_status: PaymentState
        | Literal["disputed", "failed", "paid", "partially_refunded", "pending", "refunded"]
        | None = None,
        email: str | None = None,
        created_from: dt.datetime | str | None = None,
        created_to: dt.datetime | str | None = None,
        needs_attention: bool | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Order]:
        """List orders. Orders, newest first; `created_from` is included, `created_to` is not. Needs a
        secret key with the scope `orders:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor`
        of the page before. - `include`: `total` counts the whole list. - `status`: Only those in this
        state.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/orders",
                Order,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "include": include,
                    "status": status,
                    "payment_status": payment_status,
                    "email": email,
                    "created_from": created_from,
                    "created_to": created_to,
                    "needs_attention": needs_attention,
                },
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def receipt(
        self,
        order_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Receipt of an order. The order as a PDF in the store's language and brand, with totals and taxes
        as they were sold. Needs a secret key with the scope `orders:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/orders/{}/receipt.pdf", order_id),
                bytes,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def refund(
        self,
        order_id: str,
        *,
        amount: int | None = None,
        items: Sequence[RefundItem | RefundItemDict] | None = None,
        overpayment: bool | UnsetType = UNSET,
        reason: str | None = None,
        restock: bool | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> OrderRefunds:
        """Refund an order. Give back an amount, some of the lines (for sale again if wanted), or what was
        paid too much. Send an Idempotency-Key: two requests without one are two refunds. Needs a secret
        key with the scope `orders:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/orders/{}/refunds", order_id),
                OrderRefunds,
                body=CreateOrderRefund(
                    amount=amount,
                    items=made_list(RefundItem, items),
                    overpayment=overpayment,
                    reason=reason,
                    restock=restock,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def return_(
        self,
        order_id: str,
        *,
        reason: str | None = None,
        restock: bool | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Order:
        """Take an order back. The goods came back; with `restock` they are for sale again. Needs a secret
        key with the scope `orders:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/orders/{}/return", order_id),
                Order,
                body=ReturnOrder(reason=reason, restock=restock),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def ship(
        self,
        order_id: str,
        *,
        reason: str | None = None,
        tracking: Tracking | TrackingDict | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Order:
        """Ship an order. The parcel is on its way; `tracking` says where it can be followed. Needs a secret
        key with the scope `orders:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/orders/{}/ship", order_id),
                Order,
                body=ShipOrder(reason=reason, tracking=made(Tracking, tracking)),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def stats(
        self,
        *,
        created_from: dt.datetime | str | None = None,
        created_to: dt.datetime | str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> OrderStats:
        """Count orders. Counts and sums of the orders placed in a time. Needs a secret key with the scope
        `orders:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                "/admin/orders/stats",
                OrderStats,
                query={"created_from": created_from, "created_to": created_to},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )


class OrdersRawResource:
    """`client.with_raw_response.orders`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = OrdersResource(transport)
        self.cancel = one(plain.cancel)
        self.create = one(plain.create)
        self.deliver = one(plain.deliver)
        self.fulfill = one(plain.fulfill)
        self.get = one(plain.get)
        self.history = one(plain.history)
        self.list = many(plain.list)
        self.receipt = one(plain.receipt)
        self.refund = one(plain.refund)
        self.return_ = one(plain.return_)
        self.ship = one(plain.ship)
        self.stats = one(plain.stats)
