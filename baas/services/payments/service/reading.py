"""Looking at payments."""

from collections.abc import Collection, Sequence
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.errors import NotFound
from baas.core.serving.paging import Page, PageOf
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.payments import repository
from baas.services.payments.repository.payments import Filters
from baas.services.payments.rows import Standing
from baas.services.payments.schemas import HistoryEntry, Payment
from baas.services.payments.service.shape import shape


async def standing(work: StoreWork, order_id: UUID) -> Standing:
    """How the payments of an order stand, whatever notifications said and in whatever order."""
    return await repository.payments.standing(work, order_id)


async def standings(work: StoreWork, order_ids: Sequence[UUID]) -> list[Standing]:
    """The same of each of these orders, in their order."""
    return await repository.payments.standings(work, order_ids)


async def get(work: StoreWork, payment_id: UUID) -> Payment:
    """One payment. Raises NotFound."""
    row = await repository.payments.get(work, payment_id)
    if row is None:
        raise NotFound(id=ids.encode(Kind.PAYMENT, payment_id))
    return (await shape(work, [row]))[0]


async def failed_refunds(work: StoreWork, refund_ids: Collection[UUID]) -> set[UUID]:
    """Those of some refunds that gave nothing back after all."""
    return await repository.refunds.failed(work, refund_ids)


async def for_order(work: StoreWork, order_id: UUID) -> list[Payment]:
    """The attempts for an order, oldest first."""
    return await shape(work, await repository.payments.of_order(work, order_id))


async def find(work: StoreWork, page: Page, filters: Filters) -> PageOf[Payment]:
    """Payments, newest first; `filters` are values of columns."""
    after = UUID(page.after[0]) if page.after else None
    rows = await repository.payments.page(work, filters, after, page.limit + 1)
    total = await page.total(lambda: repository.payments.count(work, filters))
    cut = page.cut(rows, lambda row: [str(row.id)], total=total)
    return PageOf(await shape(work, cut.items), cut.limit, cut.next_cursor, cut.total)


async def history(work: StoreWork, payment_id: UUID) -> list[HistoryEntry]:
    """Everything that happened to a payment, oldest first. Raises NotFound."""
    if await repository.payments.get(work, payment_id) is None:
        raise NotFound(id=ids.encode(Kind.PAYMENT, payment_id))
    return [
        HistoryEntry(
            id=ids.encode(Kind.PAYMENT_HISTORY, row.id),
            at=row.created_at,
            outcome=row.outcome,
            from_status=row.from_status,
            to_status=row.to_status,
            provider_status=row.provider_status,
            source=row.source,
            detail=row.detail,
            request_id=row.request_id,
        )
        for row in await repository.history.of_payment(work, payment_id)
    ]
