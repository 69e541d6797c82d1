"""What can be done with stock. Every change leaves a movement; a sale is one round trip.

Levels are locked in the order of their variants, so two changes can wait for each other but never in
a circle. What follows from a change (events, the catalogue's view) is the same wherever it came from.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from msgspec import UNSET
from msgspec.structs import replace

from baas.core.db import Database, StoreConnection, StoreWork, violated
from baas.core.errors import NotFound, ValidationFailed
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work import outbox
from baas.core.work.due import attend_each
from baas.core.work.outbox import ScopeMaker
from baas.services.catalog import service as catalog
from baas.services.catalog.schemas import Availability, StartLevel
from baas.services.inventory import repository
from baas.services.inventory.errors import InsufficientStock, NotTracked, StockHeld
from baas.services.inventory.events import InventoryEvent
from baas.services.inventory.rows import Change, LevelRow, MovementRow
from baas.services.inventory.schemas import (
    MAX_STOCK,
    Adjust,
    Level,
    Movement,
    Policy,
    Reason,
    ReservationStatus,
    SetLevel,
)
from baas.tenants import audit

LAPSE_BATCH: Final = 100

log = structlog.get_logger(__name__)

# ------------------------------------------------------------------------------------- for checkout


async def reserve(
    work: StoreWork, demand: Mapping[UUID, int], *, order_id: UUID, until: datetime, then: str | None = None
) -> Any:
    """Hold what an order needs until it is paid, cancelled, or `until` (the store's time) has passed.

    All or nothing. Raises InsufficientStock naming every variant that is short; nothing has changed
    then. What is not tracked needs no holding, and under `continue` nothing is ever short. Answers what the
    function `then` of the store, `name($1)`, answers when all is held: it comes in the same round trip.
    """
    if not demand and then is None:
        return None
    held, answer = await repository.reserve(work, order_id, sorted(demand.items()), until, then)
    if not held.granted:
        raise insufficient([(line.level.variant_id, line.asked, line.level.available) for line in held.lines])
    await _tell(work, [_undo(line.level, reserved=line.asked) for line in held.lines])
    return answer


def insufficient(short: Sequence[tuple[UUID, int, int]]) -> InsufficientStock:
    """The refusal for variants that are short: variant, asked, available."""
    variants: list[dict[str, Any]] = [
        {"variant_id": ids.encode(Kind.VARIANT, identity), "asked": asked, "available": available}
        for identity, asked, available in short
    ]
    return InsufficientStock(**variants[0], variants=variants)


async def release(work: StoreWork, order_id: UUID) -> None:
    """Give back what an order holds; no effect when it holds nothing."""
    rows = await repository.release(work, order_id, Reason.RELEASED, due_only=False)
    await _tell(work, [_undo(row, reserved=-row.given_back) for row in rows])


async def take(work: StoreWork, order_id: UUID) -> list[UUID]:
    """Sell what an order holds, and answer the variants that were not all there any more.

    They can only be missing when the reservation had lapsed; what is still there is sold, and the order
    is oversold by the rest. A second call answers the same and changes nothing.
    """
    return (await take_all(work, [order_id])).get(order_id, [])


async def take_all(work: StoreWork, order_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The same for several orders. Returns those that are oversold, with their variants."""
    rows = await repository.take_all(work, order_ids)
    await _tell(
        work,
        [_undo(row, on_hand=row.on_hand_change, reserved=row.reserved_change) for row in rows],
    )
    lacking: dict[UUID, list[UUID]] = {}
    for row in rows:
        if row.lacking:
            lacking.setdefault(row.order_id, []).append(row.variant_id)
    return lacking


async def extend(work: StoreWork, order_id: UUID, until: datetime) -> bool:
    """Hold what the order holds at least until then, and hold again what had lapsed or was given back.

    Answers False, and holds nothing again, when that is not there any more.
    """
    lost = {
        row.variant_id: row.quantity
        for row in await repository.reservations_for_update(work, order_id)
        if row.status in {ReservationStatus.LAPSED, ReservationStatus.RELEASED}
    }
    await repository.move_expiry(work, order_id, until)
    try:
        await reserve(work, lost, order_id=order_id, until=until)
    except InsufficientStock:
        return False
    return True


async def restock(work: StoreWork, quantities: Mapping[UUID, int], order_id: UUID) -> None:
    """Put pieces of a returned order back on the shelf; what is not tracked is passed over."""
    levels = await repository.lock(work, list(quantities))
    back = {
        identity: min(quantities[identity], MAX_STOCK - level.on_hand) for identity, level in levels.items()
    }
    await repository.add_on_hand(work, back)
    await repository.add_movements(work, Reason.RESTOCKED, back, order_id=order_id)
    await _tell(
        work,
        [
            Change(before=level, after=replace(level, on_hand=level.on_hand + back[identity]))
            for identity, level in levels.items()
        ],
    )


async def lapse_due(database: Database, make_scope: ScopeMaker) -> int:
    """Give back one batch of reservations whose time is over; answers of how many orders."""
    lapsed = await attend_each(
        database,
        make_scope,
        repository.DUE,
        _lapse,
        limit=LAPSE_BATCH,
        reason="inventory: find reservations whose time is over",
        name="lapse",
    )
    return sum(map(bool, lapsed))


async def _lapse(work: StoreConnection, order_id: UUID) -> bool:
    rows = await repository.release(work, order_id, Reason.LAPSED, due_only=True)
    await _tell(work, [_undo(row, reserved=-row.given_back) for row in rows])
    return bool(rows)


# ------------------------------------------------------------------------------------- for catalogue


async def _start(work: StoreWork, levels: Sequence[StartLevel]) -> list[LevelRow]:
    moment = clock.now(work.scope)
    rows = {
        level.variant_id: LevelRow(
            variant_id=level.variant_id,
            on_hand=level.on_hand,
            reserved=0,
            policy=Policy.CONTINUE if level.continue_selling else Policy.DENY,
            tracked=level.tracked,
            low_stock_at=None,
            updated_at=moment,
        )
        for level in sorted(levels, key=lambda level: level.variant_id)
    }
    if not rows:
        return []
    added = [rows[identity] for identity in await repository.add_levels(work, list(rows.values()))]
    await repository.add_movements(work, Reason.INITIAL, {row.variant_id: row.on_hand for row in added})
    return added


class CatalogStock:
    """Inventory as the catalogue, below it, asks for it (`catalog.stock.StockPort`)."""

    async def start(self, work: StoreWork, levels: Sequence[StartLevel]) -> None:
        """Make the levels of variants that were just inserted; the catalogue knows what follows for it."""
        await _start(work, levels)

    async def read(self, work: StoreWork, variant_ids: Sequence[UUID]) -> Mapping[UUID, Availability]:
        """What can be bought of these variants now; those without a level are left out."""
        found = await repository.levels(work, variant_ids)
        return {identity: _availability(level) for identity, level in found.items()}


# ------------------------------------------------------------------------------------- for staff


async def get_level(work: StoreWork, variant_id: UUID) -> Level:
    """The stock of a variant. Raises NotFound."""
    found = (await repository.levels(work, [variant_id])).get(variant_id)
    known = await catalog.sellable(work, [variant_id])
    if variant_id not in known:
        raise NotFound(variant_id=ids.encode(Kind.VARIANT, variant_id))
    return _shown(found or _uncounted(work, variant_id), known)


async def list_levels(work: StoreWork, page: Page, *, low_stock: bool) -> PageOf[Level]:
    """The stock of all variants, oldest first; with `low_stock` only what is low or gone."""
    after = UUID(page.after[0]) if page.after else None
    rows = await repository.page_of_levels(work, low_stock=low_stock, after=after, limit=page.limit)
    total = await page.total(lambda: repository.count_levels(work, low_stock=low_stock))
    known = await catalog.sellable(work, [row.variant_id for row in rows])
    return page.cut(rows, key=lambda row: [str(row.variant_id)], total=total).map(
        lambda row: _shown(row, known)
    )


async def list_movements(work: StoreWork, variant_id: UUID, page: Page) -> PageOf[Movement]:
    """What changed the stock of a variant, the newest first. Raises NotFound."""
    if variant_id not in await catalog.sellable(work, [variant_id]):
        raise NotFound(variant_id=ids.encode(Kind.VARIANT, variant_id))
    before = UUID(page.after[0]) if page.after else None
    rows = await repository.page_of_movements(work, variant_id, before=before, limit=page.limit)
    total = await page.total(lambda: repository.count_movements(work, variant_id))
    return page.cut(rows, key=lambda row: [str(row.id)], total=total).map(_movement)


async def set_level(work: StoreWork, variant_id: UUID, data: SetLevel) -> Level:
    """Set what a count found, and the rules of a level.

    Raises NotFound, and StockHeld when orders hold more than that (under `deny`).
    """
    if all(getattr(data, name) is UNSET for name in ("on_hand", "policy", "tracked", "low_stock_at")):
        raise ValidationFailed.field("on_hand", "give at least one of on_hand, policy, tracked, low_stock_at")
    old = await _locked(work, variant_id)
    tracked = data.on_hand is not UNSET or old.tracked if data.tracked is UNSET else data.tracked
    new = replace(
        old,
        on_hand=old.on_hand if data.on_hand is UNSET else data.on_hand,
        policy=old.policy if data.policy is UNSET else data.policy,
        tracked=tracked,
        low_stock_at=old.low_stock_at if data.low_stock_at is UNSET else data.low_stock_at,
        updated_at=clock.now(work.scope),
    )
    return await _save(work, old, new, Reason.COUNTED, data.note)


async def adjust(work: StoreWork, variant_id: UUID, data: Adjust) -> Level:
    """Add pieces that came, or take pieces that are gone, for a reason.

    Raises NotFound, NotTracked, and InsufficientStock when there are not so many to take.
    """
    if data.quantity == 0:
        raise ValidationFailed.field("quantity", "must not be zero")
    old = await _locked(work, variant_id)
    if not old.tracked:
        raise NotTracked(variant_id=ids.encode(Kind.VARIANT, variant_id))
    on_hand = old.on_hand + data.quantity
    if on_hand < (0 if old.policy is Policy.CONTINUE else old.reserved):
        raise insufficient([(variant_id, -data.quantity, old.available)])
    if on_hand > MAX_STOCK:
        raise ValidationFailed.field("quantity", f"there cannot be more than {MAX_STOCK} on hand")
    new = replace(old, on_hand=on_hand, updated_at=clock.now(work.scope))
    return await _save(work, old, new, Reason(data.reason.value), data.note)


async def _locked(work: StoreWork, variant_id: UUID) -> LevelRow:
    level = await repository.get_for_update(work, variant_id)
    if level is None:
        try:
            await repository.add_levels(work, [_uncounted(work, variant_id)])
        except Exception as error:
            if violated(error) == "fk_inventory_levels_store_id_variant_id":
                raise NotFound(variant_id=ids.encode(Kind.VARIANT, variant_id)) from None
            raise
        level = await repository.get_for_update(work, variant_id)
    if level is None:
        raise NotFound(variant_id=ids.encode(Kind.VARIANT, variant_id))
    return level


async def _save(work: StoreWork, old: LevelRow, new: LevelRow, reason: Reason, note: str | None) -> Level:
    public_id = ids.encode(Kind.VARIANT, new.variant_id)
    if new.policy is Policy.DENY and new.on_hand < new.reserved:
        raise StockHeld(variant_id=public_id, reserved=new.reserved)
    await repository.save_level(work, new)
    change = {new.variant_id: new.on_hand - old.on_hand}
    await repository.add_movements(work, reason, change, note=note, actor=work.scope.caller.id)
    await audit.record(work, f"inventory.{reason.value}", subject=public_id, old=_rules(old), new=_rules(new))
    await _tell(work, [Change(before=old, after=new)])
    return _shown(new, await catalog.sellable(work, [new.variant_id]))


def _rules(level: LevelRow) -> dict[str, Any]:
    return {
        "on_hand": level.on_hand,
        "policy": level.policy.value,
        "tracked": level.tracked,
        "low_stock_at": level.low_stock_at,
    }


# ------------------------------------------------------------------------------------- what follows


async def _tell(work: StoreWork, changes: Sequence[Change]) -> None:
    """Tell whoever has to know: the catalogue, and by events the world."""
    events = [(kind, change.after) for change in changes for kind in _news(change)]
    if events:
        known = await catalog.sellable(work, [level.variant_id for _, level in events])
        for kind, level in events:
            await outbox.emit(
                work, kind, subject=ids.encode(Kind.VARIANT, level.variant_id), data=_shown(level, known)
            )
    show = catalog.shows_stock(work.scope)
    await catalog.set_availability(
        work,
        {
            change.after.variant_id: _availability(change.after)
            for change in changes
            if change.before.stock.in_stock != change.after.stock.in_stock
            or (show and _availability(change.before) != _availability(change.after))
            or change.before.tracked != change.after.tracked
        },
    )


def _news(change: Change) -> Iterable[InventoryEvent]:
    """The events that a change makes: thresholds that were crossed, not levels that were kept."""
    before, after = change.before, change.after
    if not after.tracked:
        return
    had = before.available if before.tracked else None
    if (had is None or had > 0) and after.available == 0:
        yield InventoryEvent.OUT_OF_STOCK
    elif had == 0 and after.available > 0:
        yield InventoryEvent.RESTOCKED
    threshold = after.low_stock_at
    if threshold is not None and (had is None or had > threshold) and 0 < after.available <= threshold:
        yield InventoryEvent.LOW


def _undo(after: LevelRow, *, on_hand: int = 0, reserved: int = 0) -> Change:
    """The change that led to a level by these amounts."""
    before = replace(after, on_hand=after.on_hand - on_hand, reserved=after.reserved - reserved)
    return Change(before=before, after=after)


def _availability(level: LevelRow) -> Availability:
    stock = level.stock
    return Availability(available=stock.available, in_stock=stock.in_stock)


def _uncounted(work: StoreWork, variant_id: UUID) -> LevelRow:
    return LevelRow(
        variant_id=variant_id,
        on_hand=0,
        reserved=0,
        policy=Policy.DENY,
        tracked=False,
        low_stock_at=None,
        updated_at=clock.now(work.scope),
    )


def _shown(level: LevelRow, known: Mapping[UUID, Any]) -> Level:
    variant = known.get(level.variant_id)
    return Level(
        variant_id=ids.encode(Kind.VARIANT, level.variant_id),
        product_id=variant and ids.encode(Kind.PRODUCT, variant.product_id),
        product_name=variant and variant.product_name,
        variant_name=variant and variant.variant_name,
        sku=variant and variant.sku,
        on_hand=level.on_hand,
        reserved=level.reserved,
        available=level.available,
        policy=level.policy,
        tracked=level.tracked,
        low_stock_at=level.low_stock_at,
        updated_at=level.updated_at,
    )


def _movement(row: MovementRow) -> Movement:
    return Movement(
        id=ids.encode(Kind.MOVEMENT, row.id),
        variant_id=ids.encode(Kind.VARIANT, row.variant_id),
        reason=row.reason,
        on_hand_change=row.on_hand_change,
        reserved_change=row.reserved_change,
        order_id=None if row.order_id is None else ids.encode(Kind.ORDER, row.order_id),
        note=row.note,
        actor=row.actor,
        created_at=row.created_at,
    )
