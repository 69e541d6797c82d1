"""The SQL of the inventory. What a sale changes is one function call each (`sql/`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.db.rows import columns, optional_row, rows_of
from baas.core.values import clock, ids
from baas.core.work.due import due_statement
from baas.services.inventory.rows import (
    LevelRow,
    MovementRow,
    ReleasedRow,
    ReservationRow,
    TakenRow,
)
from baas.services.inventory.schemas import Reason

_RESERVE: Final = "inventory_reserve($1, $2, $3, $4, $5, $6, $7)"
_RESERVE_THEN: Final = f"""
select held, case when starts_with(held, '[true') then {{then}} end from (select {_RESERVE} as held offset 0) r
"""
_RELEASE: Final = f"select {columns(ReleasedRow, '(f.level)')} from inventory_release($1, $2, $3, $4, $5) f"
# All that the orders hold is locked before any of it changes, in one order for everybody: reservations by their orders,
# then the levels of their variants.
_HOLD_ALL: Final = """
with held as materialized (
  select r.variant_id from unnest($2::uuid[]) as wanted (order_key) cross join lateral (
    select variant_id from inventory_reservations
    where store_id = $1 and order_id = order_key and status in ('held', 'lapsed', 'taken')
    order by variant_id for update offset 0
  ) r
)
select count(*) from (select distinct variant_id from held order by variant_id offset 0) v cross join lateral (
  select from inventory_levels l where l.store_id = $1 and l.variant_id = v.variant_id for no key update offset 0
) l
"""
_TAKE_ALL: Final = f"""
select {columns(TakenRow, "(f.level)")}
from unnest($2::uuid[]) as wanted (order_key) cross join lateral inventory_take($1, order_key, $3) f
"""
_LEVELS: Final = (
    f"select {columns(LevelRow)} from inventory_levels where store_id = $1 and variant_id = any($2::uuid[])"
)
_LOCK_ONE: Final = f"select {columns(LevelRow)} from inventory_levels where store_id = $1 and variant_id = $2 for no key update"
_LOCK_TRACKED: Final = f"{_LEVELS} and tracked order by variant_id for no key update"
_LOCK_RESERVATIONS: Final = (
    f"select {columns(ReservationRow)} from inventory_reservations"
    " where store_id = $1 and order_id = $2 order by variant_id for update"
)


class HeldLine(msgspec.Struct, frozen=True, array_like=True):
    """What was asked of a variant, and its level now."""

    asked: int
    level: LevelRow


class Held(msgspec.Struct, frozen=True, array_like=True):
    """Whether all was held; its lines, or those that were short."""

    granted: bool
    lines: list[HeldLine]


_held: Final = msgspec.json.Decoder(Held).decode


async def reserve(
    work: StoreWork,
    order_id: UUID,
    demand: Sequence[tuple[UUID, int]],
    until: datetime,
    then: str | None = None,
) -> tuple[Held, Any]:
    """Hold all lines, sorted by variant, or none. Answers them and, once they are held, what the function `then` of
    the store, `name($1)`, answers."""
    sql = f"select {_RESERVE}, null" if then is None else _RESERVE_THEN.format(then=then)
    row = await work.fetchrow(
        sql,
        work.scope.store_id,
        order_id,
        [variant for variant, _ in demand],
        [quantity for _, quantity in demand],
        [ids.new_id() for _ in demand],
        until,
        clock.now(work.scope),
    )
    assert row is not None
    return _held(row[0]), row[1]


async def release(work: StoreWork, order_id: UUID, reason: Reason, *, due_only: bool) -> list[ReleasedRow]:
    """Give back what the order holds (and is due). Returns the levels after it."""
    records = await work.fetch(
        _RELEASE, work.scope.store_id, order_id, reason.value, clock.now(work.scope), due_only
    )
    return rows_of(ReleasedRow, records)


async def take_all(work: StoreWork, order_ids: Sequence[UUID]) -> list[TakenRow]:
    """Sell what orders hold, one after the other. Returns the levels after each."""
    if len(order_ids) > 1:
        await work.execute(_HOLD_ALL, work.scope.store_id, list(order_ids))
    records = await work.fetch(_TAKE_ALL, work.scope.store_id, list(order_ids), clock.now(work.scope))
    return rows_of(TakenRow, records)


async def levels(work: StoreWork, variant_ids: Sequence[UUID]) -> dict[UUID, LevelRow]:
    """The levels of these variants, as far as they have one."""
    return _by_variant(await work.fetch(_LEVELS, work.scope.store_id, list(variant_ids)))


async def get_for_update(work: StoreWork, variant_id: UUID) -> LevelRow | None:
    """The level of one variant, locked."""
    return optional_row(LevelRow, await work.fetchrow(_LOCK_ONE, work.scope.store_id, variant_id))


async def lock(work: StoreWork, variant_ids: Sequence[UUID]) -> dict[UUID, LevelRow]:
    """The tracked levels of these variants, locked in the order of the variants."""
    return _by_variant(await work.fetch(_LOCK_TRACKED, work.scope.store_id, list(variant_ids)))


def _by_variant(records: Sequence[Any]) -> dict[UUID, LevelRow]:
    return {row.variant_id: row for row in rows_of(LevelRow, records)}


async def add_levels(work: StoreWork, rows: Sequence[LevelRow]) -> list[UUID]:
    """Insert levels that are not there yet; answers which were not."""
    inserted = await work.fetch(
        """
        insert into inventory_levels
          (store_id, variant_id, on_hand, reserved, policy, tracked, low_stock_at, updated_at)
        select $1, variant_id, on_hand, 0, policy, tracked, null, $6
        from unnest($2::uuid[], $3::bigint[], $4::text[], $5::boolean[]) as d(variant_id, on_hand, policy, tracked)
        on conflict (store_id, variant_id) do nothing
        returning variant_id
        """,
        work.scope.store_id,
        [row.variant_id for row in rows],
        [row.on_hand for row in rows],
        [row.policy.value for row in rows],
        [row.tracked for row in rows],
        clock.now(work.scope),
    )
    return [variant_id for (variant_id,) in inserted]


async def save_level(work: StoreWork, level: LevelRow) -> None:
    """Write a level that this transaction has locked; `reserved` belongs to the orders and stays."""
    await work.execute(
        """
        update inventory_levels set on_hand = $3, policy = $4, tracked = $5, low_stock_at = $6, updated_at = $7
        where store_id = $1 and variant_id = $2
        """,
        work.scope.store_id,
        level.variant_id,
        level.on_hand,
        level.policy.value,
        level.tracked,
        level.low_stock_at,
        level.updated_at,
    )


async def add_on_hand(work: StoreWork, quantities: Mapping[UUID, int]) -> None:
    """Add to levels that this transaction has locked."""
    await work.execute(
        """
        update inventory_levels l set on_hand = l.on_hand + d.quantity, updated_at = $4
        from unnest($2::uuid[], $3::bigint[]) as d(variant_id, quantity)
        where l.store_id = $1 and l.variant_id = d.variant_id
        """,
        work.scope.store_id,
        list(quantities),
        list(quantities.values()),
        clock.now(work.scope),
    )


async def add_movements(
    work: StoreWork,
    reason: Reason,
    on_hand_changes: Mapping[UUID, int],
    *,
    order_id: UUID | None = None,
    note: str | None = None,
    actor: str | None = None,
) -> None:
    """Write a movement of `on_hand` for each variant; changes of zero leave none."""
    moved = {variant: change for variant, change in on_hand_changes.items() if change}
    if not moved:
        return
    await work.execute(
        """
        insert into inventory_movements
          (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, note, actor, created_at)
        select $1, id, variant_id, $5, change, 0, $6, $7, $8, $9
        from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as d(id, variant_id, change)
        """,
        work.scope.store_id,
        [ids.new_id() for _ in moved],
        list(moved),
        list(moved.values()),
        reason.value,
        order_id,
        note,
        actor,
        clock.now(work.scope),
    )


async def reservations_for_update(work: StoreWork, order_id: UUID) -> list[ReservationRow]:
    """What the order holds or held, locked."""
    return rows_of(ReservationRow, await work.fetch(_LOCK_RESERVATIONS, work.scope.store_id, order_id))


async def move_expiry(work: StoreWork, order_id: UUID, until: datetime) -> None:
    """Hold what the order holds at least until then."""
    await work.execute(
        """
        update inventory_reservations set expires_at = greatest(expires_at, $3)
        where store_id = $1 and order_id = $2 and status = 'held'
        """,
        work.scope.store_id,
        order_id,
        until,
    )


async def page_of_levels(
    work: StoreWork, *, low_stock: bool, after: UUID | None, limit: int
) -> list[LevelRow]:
    """One more than `limit` levels in the order of their variants' age."""
    conditions = _conditions(low_stock=low_stock)
    arguments = [work.scope.store_id]
    if after is not None:
        arguments.append(after)
        conditions += f" and variant_id > ${len(arguments)}"
    records = await work.fetch(
        f"select {columns(LevelRow)} from inventory_levels where {conditions}"
        f" order by variant_id limit {limit + 1:d}",
        *arguments,
    )
    return rows_of(LevelRow, records)


async def count_levels(work: StoreWork, *, low_stock: bool) -> int:
    """How many levels the list has."""
    count: int = await work.fetchval(
        f"select count(*) from inventory_levels where {_conditions(low_stock=low_stock)}", work.scope.store_id
    )
    return count


def _conditions(*, low_stock: bool) -> str:
    low = " and tracked and on_hand - reserved <= coalesce(low_stock_at, 0)" if low_stock else ""
    return f"store_id = $1{low}"


async def page_of_movements(
    work: StoreWork, variant_id: UUID, *, before: UUID | None, limit: int
) -> list[MovementRow]:
    """One more than `limit` movements of a variant, the newest first."""
    bound = "" if before is None else " and id < $3"
    arguments = [work.scope.store_id, variant_id] + ([] if before is None else [before])
    records = await work.fetch(
        f"""
        select {columns(MovementRow)}
        from inventory_movements where store_id = $1 and variant_id = $2{bound}
        order by id desc limit {limit + 1:d}
        """,
        *arguments,
    )
    return rows_of(MovementRow, records)


async def count_movements(work: StoreWork, variant_id: UUID) -> int:
    """How many movements a variant has."""
    count: int = await work.fetchval(
        "select count(*) from inventory_movements where store_id = $1 and variant_id = $2",
        work.scope.store_id,
        variant_id,
    )
    return count


DUE: Final = due_statement(
    "inventory_reservations", at="expires_at", only="t.status = 'held'", key="order_id"
)
"""Orders of all stores whose reservations are over."""
