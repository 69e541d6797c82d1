"""The endpoints of the payments."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from redis.exceptions import RedisError

from baas.core.crypto import DecryptionFailed
from baas.core.db import StoreWork
from baas.core.errors import InvalidTransition, PayloadTooLarge, Unauthenticated, ValidationFailed
from baas.core.scope import Caller, CallerKind, StoreScope
from baas.core.serving.context import Context, Ctx, Suspended
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT
from baas.core.serving.parameters import Cursor, Include, Limit
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.payments import service
from baas.services.payments.errors import PaymentProviderError, PaymentProviderUnconfigured
from baas.services.payments.providers import providers_of
from baas.services.payments.providers.base import Account, Inbound
from baas.services.payments.schemas import (
    CreatePayment,
    CreateRefund,
    HistoryEntry,
    Payment,
    PaymentProvider,
    PaymentStatus,
    PutPaymentProvider,
    Received,
    ReconciliationReport,
    Refund,
    RefundStatus,
    StorefrontPayment,
)
from baas.services.payments.service import accounts, inbox, network, reconciling
from baas.tenants.routes import Tenancy

Word = Annotated[str | None, QueryParameter(max_length=200)]
OrderId = Annotated[str | None, QueryParameter(max_length=80)]


@get("/admin/payments", needs="payments:read", tags=["payments"], summary="List payments")
async def list_payments(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
    status: FromQuery[PaymentStatus | None] = None,
    provider: Word = None,
    reference: Word = None,
    order_id: OrderId = None,
) -> Response[Listed[Payment]]:
    """Payments, newest first; filtered by status, provider, the shop's reference or the order."""
    filters: service.Filters = {}
    if status is not None:
        filters["status"] = status
    if provider is not None:
        filters["provider"] = provider
    if reference is not None:
        filters["reference"] = reference
    if order_id is not None:
        filters["order_id"] = ids.decode(Kind.ORDER, order_id)
    name = ":".join(("payments", *(f"{key}={value}" for key, value in filters.items())))
    page = ctx.page(name, limit=limit, cursor=cursor, include=include)
    return await ctx.read_fast(lambda work: service.find(work, page, filters))


@post(
    "/admin/payments",
    needs="payments:write",
    status_code=201,
    tags=["payments"],
    summary="Create a payment",
    refuses=(InvalidTransition, PaymentProviderUnconfigured, PaymentProviderError),
)
async def create_payment(ctx: Ctx, data: JSONBody[CreatePayment]) -> Response[Data[Payment]]:
    """Collect an amount, with an order of this backend or without any. The payer follows `next_action`.

    `payment_provider_error` means that the provider did not open it: send the same request with the same
    Idempotency-Key again, and the same attempt is continued.
    """
    desk = network.desk_of(ctx.runtime)

    async def verb(work: StoreWork) -> Payment | Suspended:
        payment = await service.create(work, desk.providers, data)
        if network.needs_opening(desk, payment):
            return Suspended({"payment": payment.id}, payment)
        return payment

    async def finish(resume: dict[str, Any]) -> Payment:
        return await network.open_attempt(desk, ctx.scope, ids.decode(Kind.PAYMENT, resume["payment"]))

    return await ctx.write_fast(verb, status=201, finish=finish)


@get("/admin/payments/{payment_id:str}", needs="payments:read", tags=["payments"], summary="Get a payment")
async def get_payment(ctx: Ctx, payment_id: FromPath[str]) -> Response[Data[Payment]]:
    """One payment with its refunds."""
    identity = ids.decode(Kind.PAYMENT, payment_id)
    return await ctx.read_fast(lambda work: service.get(work, identity))


@post(
    "/admin/payments/{payment_id:str}/refunds",
    needs="payments:write",
    status_code=201,
    tags=["payments"],
    summary="Refund a payment",
    refuses=(InvalidTransition, PaymentProviderError),
)
async def create_refund(
    ctx: Ctx, payment_id: FromPath[str], data: JSONBody[CreateRefund]
) -> Response[Data[Refund]]:
    """Give back everything that is left, or a part; never more than what was paid.

    Send an Idempotency-Key: two requests without one are two refunds. A provider that does not answer leaves
    the refund `pending`, and it is asked again until it does.
    """
    identity = ids.decode(Kind.PAYMENT, payment_id)
    desk = network.desk_of(ctx.runtime)

    async def verb(work: StoreWork) -> Refund | Suspended:
        made = await service.refund(work, desk.providers, identity, data)
        return Suspended({"refund": made.id}, made) if made.status is RefundStatus.PENDING else made

    async def finish(resume: dict[str, Any]) -> Refund:
        return await network.run_refund(desk, ctx.scope, ids.decode(Kind.REFUND, resume["refund"]))

    return await ctx.write_fast(verb, status=201, finish=finish)


@post(
    "/admin/payments/{payment_id:str}/refresh",
    needs="payments:write",
    status_code=200,
    tags=["payments"],
    summary="Ask the provider for a payment",
    refuses=(PaymentProviderError,),
)
async def refresh_payment(ctx: Ctx, payment_id: FromPath[str]) -> Response[Data[Payment]]:
    """Ask the provider for the payment as it is now, without waiting for its notification."""
    identity = ids.decode(Kind.PAYMENT, payment_id)
    if ctx.dry_run:
        return await _as_known(ctx, identity)
    return ctx.answer(await network.ask(network.desk_of(ctx.runtime), ctx.scope, identity, source="api"))


@post(
    "/storefront/payments/{payment_id:str}/refresh",
    needs="storefront",
    status_code=200,
    tags=["checkout"],
    summary="Come back from the payment page",
    refuses=(PaymentProviderError,),
)
async def refresh_storefront_payment(
    ctx: Ctx, payment_id: FromPath[str]
) -> Response[Data[StorefrontPayment]]:
    """What the page that the payer comes back to asks: the provider is asked, at most every two seconds.

    What stands in the address of that page is not believed.
    """
    identity, scope = ids.decode(Kind.PAYMENT, payment_id), ctx.scope
    if ctx.dry_run:
        return await _as_known(ctx, identity, service.storefront_of)
    if await _may_ask(ctx, identity):
        payment = await network.ask(network.desk_of(ctx.runtime), scope, identity, source="return")
    else:
        async with ctx.runtime.database.fast(scope) as work:
            payment = await service.get(work, identity)
    return ctx.answer(service.storefront_of(payment))


async def _as_known(
    ctx: Context, payment_id: UUID, shape: Callable[[Payment], Any] = lambda payment: payment
) -> Response[Any]:
    """A dry run's answer: what the provider says would move the payment, so it is not asked."""

    async def verb(work: StoreWork) -> Any:
        return shape(await service.get(work, payment_id))

    return await ctx.write_fast(verb)


async def _may_ask(ctx: Context, payment_id: UUID) -> bool:
    key = ctx.scope.key("payment", payment_id.hex, "asked")
    try:
        return bool(await ctx.runtime.redis.set(key, b"1", nx=True, ex=2))
    except RedisError:
        return True


@get(
    "/admin/payments/reconciliation",
    needs="payments:read",
    tags=["payments"],
    summary="Report of the reconciliation",
)
async def get_reconciliation(ctx: Ctx) -> Response[Data[ReconciliationReport]]:
    """How our payments and the providers' own lists agreed lately, and what still needs a person."""
    return await ctx.read_fast(reconciling.report)


@post(
    "/webhooks/{provider:str}/{store_id:str}",
    public=True,
    status_code=200,
    tags=["payments"],
    summary="Take a provider's notification",
    refuses=(Unauthenticated, PayloadTooLarge, PaymentProviderError),
)
async def receive_notification(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], provider: FromPath[str], store_id: FromPath[str]
) -> Response[Data[Received]]:
    """The address that a provider notifies. Proven notifications are kept once and answered at once.

    Nothing in one is believed but what to ask the provider about; an unproven one is a 401 and moves nothing.
    """
    scope = await _scope_of_provider(ctx, tenancy, provider, ids.decode(Kind.STORE, store_id))
    received = await inbox.receive_or_hint(network.desk_of(ctx.runtime), scope, provider, _inbound(ctx))
    ctx.runtime.nudger.nudge("payments.inbox")
    return ctx.answer(received)


@post(
    "/webhooks/{provider:str}/platform",
    public=True,
    status_code=200,
    tags=["payments"],
    summary="Take a platform's notification",
    refuses=(Unauthenticated, PayloadTooLarge),
)
# D-055
async def receive_platform_notification(
    ctx: Ctx, tenancy: NamedDependency[Tenancy], provider: FromPath[str]
) -> Response[Data[Received]]:
    """The one address that Stripe notifies of all accounts that are connected to the deployment's platform.

    The store is found by the account that the notification names. `received` is false for one that no store has.
    """

    async def scope_of(store_id: UUID) -> StoreScope:
        return await _scope_of_provider(ctx, tenancy, provider, store_id)

    desk = network.desk_of(ctx.runtime)
    received = await inbox.receive_for_platform(desk, scope_of, provider, _inbound(ctx))
    ctx.runtime.nudger.nudge("payments.inbox")
    return ctx.answer(received)


async def _scope_of_provider(ctx: Context, tenancy: Tenancy, provider: str, store_id: UUID) -> StoreScope:
    scope = await tenancy.keys.scope_for_job(store_id, ctx.request_id)
    return msgspec.structs.replace(scope, caller=Caller(CallerKind.PROVIDER, provider[:40]))


def _inbound(ctx: Context) -> Inbound:
    try:
        query = dict(parse_qsl(ctx.asgi["query_string"].decode("latin-1"), max_num_fields=50))
    except ValueError:
        raise ValidationFailed.field("query", "has at most 50 fields") from None
    return Inbound(
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in ctx.asgi["headers"]},
        query=query,
        body=ctx.body,
    )


@get(
    "/admin/payments/{payment_id:str}/history",
    needs="payments:read",
    tags=["payments"],
    summary="History of a payment",
)
async def get_payment_history(ctx: Ctx, payment_id: FromPath[str]) -> Response[Listed[HistoryEntry]]:
    """Everything that happened to a payment in order, also what was ignored and why."""
    identity = ids.decode(Kind.PAYMENT, payment_id)
    return await ctx.read_fast(lambda work: service.history(work, identity))


@get("/admin/payment-providers", needs="payments:read", tags=["payments"], summary="List payment providers")
async def list_payment_providers(ctx: Ctx) -> Response[Listed[PaymentProvider]]:
    """The providers that this store could use, and how it stands with each."""
    providers = providers_of(ctx.runtime)
    return await ctx.read_fast(lambda work: accounts.listed(work, providers))


@get(
    "/admin/payment-providers/{provider:str}",
    needs="payments:read",
    tags=["payments"],
    summary="Get a payment provider",
)
async def get_payment_provider(ctx: Ctx, provider: FromPath[str]) -> Response[Data[PaymentProvider]]:
    """How the store stands with a provider. Credentials are never shown."""
    providers = providers_of(ctx.runtime)
    return await ctx.read_fast(lambda work: accounts.get(work, providers, provider))


@put(
    "/admin/payment-providers/{provider:str}",
    needs="payments:write",
    tags=["payments"],
    summary="Configure a payment provider",
)
async def put_payment_provider(
    ctx: Ctx, provider: FromPath[str], data: JSONBody[PutPaymentProvider]
) -> Response[Data[PaymentProvider]]:
    """Store credentials, encrypted, and enable or disable the provider. The sandbox needs none.

    The provider is asked whether it knows the credentials. Without a webhook secret, Stripe is told to notify
    this store; with Mercado Pago a person copies the secret of the application.
    """
    desk, ring = network.desk_of(ctx.runtime), ctx.runtime.keyring
    notify = None if ctx.dry_run else network.notification_url(desk, ctx.scope, provider)
    proven = await accounts.prove(
        desk.database, ctx.scope, desk.providers, ring, provider, data, notify=notify
    )
    return await ctx.write_fast(lambda work: accounts.put(work, desk.providers, ring, provider, data, proven))


@delete(
    "/admin/payment-providers/{provider:str}",
    needs="payments:write",
    status_code=200,
    tags=["payments"],
    summary="Remove a payment provider",
)
async def delete_payment_provider(ctx: Ctx, provider: FromPath[str]) -> Response[Data[PaymentProvider]]:
    """Forget the account and its secrets; payments that were made with it stay.

    Stripe is told to notify no more, if it answers.
    """
    desk, ring = network.desk_of(ctx.runtime), ctx.runtime.keyring
    account: Account | None = None

    async def verb(work: StoreWork) -> PaymentProvider:
        nonlocal account
        # A key that was lost is no reason to keep the account.
        with suppress(DecryptionFailed):
            account = await accounts.opened(work, ring, provider, even_disabled=True)
        return await accounts.delete(work, desk.providers, provider)

    answer = await ctx.write_fast(verb)
    if account is not None and not ctx.dry_run:
        url = network.notification_url(desk, ctx.scope, provider)
        await accounts.unsubscribe(desk.providers, provider, account, url)
    return answer


ROUTES: list[Any] = [
    list_payments,
    create_payment,
    get_reconciliation,
    get_payment,
    create_refund,
    refresh_payment,
    refresh_storefront_payment,
    receive_notification,
    receive_platform_notification,
    get_payment_history,
    list_payment_providers,
    get_payment_provider,
    put_payment_provider,
    delete_payment_provider,
]
