"""The endpoints of checkout and of the orders."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from baas.core.db import StoreWork
from baas.core.errors import InvalidTransition, NotFound, ValidationFailed
from baas.core.serving.context import Ctx, Suspended
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT
from baas.core.serving.parameters import Cursor, Include, Limit
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.inventory.errors import InsufficientStock
from baas.services.orders import service
from baas.services.orders.errors import PriceChanged
from baas.services.orders.schemas import (
    CancelOrder,
    Checkout,
    CreateOrder,
    CreateOrderRefund,
    DeliverOrder,
    FulfillOrder,
    Look,
    Order,
    OrderRefunds,
    OrderStats,
    OrderStatus,
    PaymentState,
    Placed,
    RetryPayment,
    ReturnOrder,
    ShipOrder,
    StorefrontOrder,
    Transition,
)
from baas.services.payments.errors import PaymentProviderError, PaymentProviderUnconfigured
from baas.services.payments.schemas import RefundStatus, StorefrontPayment
from baas.services.payments.service import network, storefront_of

Word = Annotated[str | None, QueryParameter(max_length=254)]
Token = Annotated[str | None, QueryParameter(max_length=200, description="The order's access token.")]


@post(
    "/storefront/carts/{cart_id:str}/checkout",
    needs="storefront",
    status_code=201,
    tags=["checkout"],
    summary="Check out a cart",
    refuses=(InsufficientStock, PriceChanged, PaymentProviderUnconfigured, PaymentProviderError),
)
async def checkout(ctx: Ctx, cart_id: FromPath[str], data: JSONBody[Checkout]) -> Response[Data[Placed]]:
    """Turn a cart into an order with its stock reserved, and open the payment.

    Send an Idempotency-Key: the same key answers the same order. Follow `payment.next_action`. With
    `payment_provider_error` the order exists and stays payable: the same request with the same key, or
    `POST /storefront/orders/{id}/payments`, continues the same payment.
    """
    identity = ids.decode(Kind.CART, cart_id)
    desk = network.desk_of(ctx.runtime)
    placed: list[Placed] = []

    async def verb(work: StoreWork) -> Placed | Suspended:
        made = await service.checkout(work, desk.providers, identity, data)
        if made.payment is None or not network.needs_opening(desk, made.payment):
            return made
        placed[:] = [made]
        return Suspended({"order": made.order.id, "payment": made.payment.id}, made)

    async def finish(resume: dict[str, Any]) -> Placed:
        payment = await network.open_attempt(desk, ctx.scope, ids.decode(Kind.PAYMENT, resume["payment"]))
        if placed:
            order = placed[0].order
        else:
            async with ctx.runtime.database.fast(ctx.scope) as work:
                order = await service.token_again(work, ids.decode(Kind.ORDER, resume["order"]))
        return Placed(order, storefront_of(payment))

    return await ctx.write_fast(verb, status=201, finish=finish)


@get(
    "/storefront/orders/{order_id:str}",
    needs="storefront",
    tags=["checkout"],
    summary="Get an order as its customer",
    cached=True,
)
async def get_storefront_order(
    ctx: Ctx, order_id: FromPath[str], token: Token = None
) -> Response[Data[StorefrontOrder]]:
    """The order that an access token opens; without the right one it does not exist."""
    identity = ids.decode(Kind.ORDER, order_id)
    if token is None:
        raise NotFound(id=order_id)
    async with ctx.runtime.database.fast(ctx.scope) as work:
        order = await service.get_for_customer(work, identity, token)
    return ctx.cached_by_caller(order)


@post(
    "/storefront/orders/{order_id:str}/payments",
    needs="storefront",
    status_code=201,
    tags=["checkout"],
    summary="Try to pay again",
    refuses=(InvalidTransition, InsufficientStock, PaymentProviderUnconfigured, PaymentProviderError),
)
async def retry_order_payment(
    ctx: Ctx, order_id: FromPath[str], data: JSONBody[RetryPayment], token: Token = None
) -> Response[Data[StorefrontPayment]]:
    """Another attempt after a failed payment; an attempt that is still open is continued, not doubled."""
    identity = ids.decode(Kind.ORDER, order_id)
    desk = network.desk_of(ctx.runtime)

    async def verb(work: StoreWork) -> StorefrontPayment | Suspended:
        payment = await service.retry(work, desk.providers, identity, data, token=token)
        if network.needs_opening(desk, payment):
            return Suspended({"payment": payment.id}, payment)
        return payment

    async def finish(resume: dict[str, Any]) -> StorefrontPayment:
        return storefront_of(
            await network.open_attempt(desk, ctx.scope, ids.decode(Kind.PAYMENT, resume["payment"]))
        )

    return await ctx.write_fast(verb, status=201, finish=finish)


@get("/admin/orders", needs="orders:read", tags=["orders"], summary="List orders")
async def list_orders(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
    status: FromQuery[OrderStatus | None] = None,
    payment_status: FromQuery[PaymentState | None] = None,
    email: Word = None,
    created_from: FromQuery[datetime | None] = None,
    created_to: FromQuery[datetime | None] = None,
    needs_attention: FromQuery[bool | None] = None,
) -> Response[Listed[Order]]:
    """Orders, newest first; `created_from` is included, `created_to` is not."""
    filters = service.OrderFilters(
        status, payment_status, email, _aware(created_from), _aware(created_to), needs_attention
    )
    page = ctx.page(f"orders:{filters.name}", limit=limit, cursor=cursor, include=include)
    return await ctx.read_fast(lambda work: service.find(work, page, filters))


@post(
    "/admin/orders",
    needs="orders:write",
    status_code=201,
    tags=["orders"],
    summary="Create an order",
    refuses=(InsufficientStock,),
)
async def create_order(ctx: Ctx, data: JSONBody[CreateOrder]) -> Response[Data[Order]]:
    """An order that the client's own shop took, paid already or to be paid through `POST /admin/payments`."""
    return await ctx.write_fast(lambda work: service.create(work, data), status=201)


@get("/admin/orders/stats", needs="orders:read", tags=["orders"], summary="Count orders")
async def get_order_stats(
    ctx: Ctx, created_from: FromQuery[datetime | None] = None, created_to: FromQuery[datetime | None] = None
) -> Response[Data[OrderStats]]:
    """Counts and sums of the orders placed in a time."""
    return await ctx.read_fast(lambda work: service.stats(work, _aware(created_from), _aware(created_to)))


@get("/admin/orders/{order_id:str}", needs="orders:read", tags=["orders"], summary="Get an order")
async def get_order(ctx: Ctx, order_id: FromPath[str]) -> Response[Data[Order]]:
    """One order with its lines."""
    identity = ids.decode(Kind.ORDER, order_id)
    return await ctx.read_fast(lambda work: service.get(work, identity))


@get(
    "/admin/orders/{order_id:str}/receipt.pdf",
    needs="orders:read",
    tags=["orders"],
    summary="Receipt of an order",
    media_type="application/pdf",
)
async def get_order_receipt(ctx: Ctx, order_id: FromPath[str]) -> Response[bytes]:
    """The order as a PDF in the store's language and brand, with totals and taxes as they were sold."""
    identity = ids.decode(Kind.ORDER, order_id)
    async with ctx.runtime.database.fast(ctx.scope) as work:
        order, look = await service.receipt(work, identity, token=None)
    return await _pdf(order, look)


@get(
    "/storefront/orders/{order_id:str}/receipt.pdf",
    needs="storefront",
    tags=["checkout"],
    summary="Receipt for the customer",
    media_type="application/pdf",
)
async def get_storefront_order_receipt(
    ctx: Ctx, order_id: FromPath[str], token: Token = None
) -> Response[bytes]:
    """The customer's own copy; without the order's access token it does not exist."""
    identity = ids.decode(Kind.ORDER, order_id)
    if token is None:
        raise NotFound(id=order_id)
    async with ctx.runtime.database.fast(ctx.scope) as work:
        order, look = await service.receipt(work, identity, token=token)
    return await _pdf(order, look)


async def _pdf(order: Order, look: Look) -> Response[bytes]:
    # Here, because the writer of PDF takes 29 MB of each process that loads it.
    from baas.services.orders.receipts import render

    body = await asyncio.to_thread(render, order, look)
    headers = {
        "Content-Disposition": f'inline; filename="{order.number.removeprefix("#")}.pdf"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type="application/pdf", headers=headers)


@get(
    "/admin/orders/{order_id:str}/history",
    needs="orders:read",
    tags=["orders"],
    summary="History of an order",
)
async def get_order_history(ctx: Ctx, order_id: FromPath[str]) -> Response[Listed[Transition]]:
    """Who moved the order where, when and why."""
    identity = ids.decode(Kind.ORDER, order_id)
    return await ctx.read_fast(lambda work: service.history(work, identity))


@post(
    "/admin/orders/{order_id:str}/cancel",
    needs="orders:write",
    status_code=200,
    tags=["orders"],
    summary="Cancel an order",
    refuses=(InvalidTransition, PaymentProviderError),
)
async def cancel_order(
    ctx: Ctx, order_id: FromPath[str], data: JSONBody[CancelOrder | None] = None
) -> Response[Data[Order]]:
    """Give the money back, then the stock. An order that is on its way can only be returned."""
    identity, body = ids.decode(Kind.ORDER, order_id), data or CancelOrder()
    desk = network.desk_of(ctx.runtime)

    async def verb(work: StoreWork) -> Order | Suspended:
        waiting = await service.promise_refunds_to_cancel(work, desk.providers, identity, body)
        if not waiting or ctx.dry_run:
            return await service.cancel(work, desk.providers, identity, body)
        return Suspended({"refunds": waiting})

    async def finish(resume: dict[str, Any]) -> Order:
        for refund_id in resume["refunds"]:
            await network.run_refund(desk, ctx.scope, ids.decode(Kind.REFUND, refund_id))
        async with ctx.runtime.database.fast(ctx.scope) as work:
            return await service.cancel(work, desk.providers, identity, body)

    return await ctx.write_fast(verb, finish=finish)


@post(
    "/admin/orders/{order_id:str}/refunds",
    needs="orders:write",
    status_code=201,
    tags=["orders"],
    summary="Refund an order",
    refuses=(InvalidTransition, PaymentProviderError),
)
async def refund_order(
    ctx: Ctx, order_id: FromPath[str], data: JSONBody[CreateOrderRefund]
) -> Response[Data[OrderRefunds]]:
    """Give back an amount, some of the lines (for sale again if wanted), or what was paid too much.

    Send an Idempotency-Key: two requests without one are two refunds.
    """
    identity = ids.decode(Kind.ORDER, order_id)
    desk = network.desk_of(ctx.runtime)

    async def verb(work: StoreWork) -> OrderRefunds | Suspended:
        made = await service.promise_refunds(work, desk.providers, identity, data)
        done = await service.refunded(work, identity, made)
        if all(refund.status is not RefundStatus.PENDING for refund in made):
            return done
        return Suspended({"refunds": [refund.id for refund in made]}, done)

    async def finish(resume: dict[str, Any]) -> OrderRefunds:
        made, refusal = [], None
        for refund_id in (ids.decode(Kind.REFUND, text) for text in resume["refunds"]):
            try:
                made.append(await network.run_refund(desk, ctx.scope, refund_id))
            except PaymentProviderError as problem:
                # Another payment may give back its part all the same.
                refusal = problem
                made.append(await network.run_refund(desk, ctx.scope, refund_id))
        async with ctx.runtime.database.fast(ctx.scope) as work:
            done = await service.refunded(work, identity, made)
        if refusal is not None and all(refund.status is RefundStatus.FAILED for refund in made):
            raise refusal
        return done

    return await ctx.write_fast(verb, status=201, finish=finish)


@post(
    "/admin/orders/{order_id:str}/fulfill",
    needs="orders:write",
    status_code=200,
    tags=["orders"],
    summary="Begin to prepare an order",
    refuses=(InvalidTransition,),
)
async def fulfill_order(
    ctx: Ctx, order_id: FromPath[str], data: JSONBody[FulfillOrder | None] = None
) -> Response[Data[Order]]:
    """From `paid` to `processing`."""
    identity = ids.decode(Kind.ORDER, order_id)
    return await ctx.write_fast(lambda work: service.fulfill(work, identity, data or FulfillOrder()))


@post(
    "/admin/orders/{order_id:str}/ship",
    needs="orders:write",
    status_code=200,
    tags=["orders"],
    summary="Ship an order",
    refuses=(InvalidTransition,),
)
async def ship_order(
    ctx: Ctx, order_id: FromPath[str], data: JSONBody[ShipOrder | None] = None
) -> Response[Data[Order]]:
    """The parcel is on its way; `tracking` says where it can be followed."""
    identity = ids.decode(Kind.ORDER, order_id)
    return await ctx.write_fast(lambda work: service.ship(work, identity, data or ShipOrder()))


@post(
    "/admin/orders/{order_id:str}/deliver",
    needs="orders:write",
    status_code=200,
    tags=["orders"],
    summary="Note that an order arrived",
    refuses=(InvalidTransition,),
)
async def deliver_order(
    ctx: Ctx, order_id: FromPath[str], data: JSONBody[DeliverOrder | None] = None
) -> Response[Data[Order]]:
    """The customer has it."""
    identity = ids.decode(Kind.ORDER, order_id)
    return await ctx.write_fast(lambda work: service.deliver(work, identity, data or DeliverOrder()))


@post(
    "/admin/orders/{order_id:str}/return",
    needs="orders:write",
    status_code=200,
    tags=["orders"],
    summary="Take an order back",
    refuses=(InvalidTransition,),
)
async def return_order(
    ctx: Ctx, order_id: FromPath[str], data: JSONBody[ReturnOrder | None] = None
) -> Response[Data[Order]]:
    """The goods came back; with `restock` they are for sale again."""
    identity = ids.decode(Kind.ORDER, order_id)
    return await ctx.write_fast(lambda work: service.take_back(work, identity, data or ReturnOrder()))


def _aware(moment: datetime | None) -> datetime | None:
    """The moment in UTC, which is meant when no offset is given. Raises ValidationFailed beyond the calendar."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValidationFailed.field("created_from", "is no moment that the calendar has") from None


ROUTES: list[Any] = [
    checkout,
    get_storefront_order,
    retry_order_payment,
    list_orders,
    create_order,
    get_order_stats,
    get_order,
    get_order_receipt,
    get_storefront_order_receipt,
    get_order_history,
    cancel_order,
    refund_order,
    fulfill_order,
    ship_order,
    deliver_order,
    return_order,
]
