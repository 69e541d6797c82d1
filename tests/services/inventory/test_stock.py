"""Stock under concurrency and over its whole life: nobody oversells, and every change leaves a movement."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.inventory import service
from baas.services.inventory.errors import InsufficientStock
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.goods import levels, make_variants, sums_of_movements

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
async def scope(shop: Shop, worker: Worker) -> StoreScope:
    """System work in the shop."""
    return await shop.scope(worker)


async def reserve(
    database: Database, scope: StoreScope, demand: dict[UUID, int], *, minutes: int = 30
) -> UUID:
    """Reserve for a new order in a transaction of its own."""
    order = ids.new_id()
    async with database.fast(scope) as work:
        until = clock.now(scope) + timedelta(minutes=minutes)
        await service.reserve(work, demand, order_id=order, until=until)
    return order


async def test_five_hundred_buyers_of_a_hundred_pieces(
    shop: Shop, scope: StoreScope, database: Database
) -> None:
    """Exactly a hundred get one, the others are told, and the level is the sum of its movements."""
    (variant,) = await make_variants(shop, 100)

    async def buy() -> bool:
        try:
            await reserve(database, scope, {variant: 1})
        except InsufficientStock:
            return False
        return True

    bought = await asyncio.gather(*(buy() for _ in range(500)))
    assert sum(bought) == 100
    assert await levels(database, scope) == {variant: (100, 100)}
    assert await sums_of_movements(database, scope) == {variant: (100, 100)}


async def test_baskets_in_any_order_do_not_block_each_other(
    shop: Shop, scope: StoreScope, database: Database
) -> None:
    """Buyers of the same variants, in different orders, never wait in a circle, and are served whole or not."""
    variants = await make_variants(shop, 30, 30, 30)

    async def buy(turn: int) -> bool:
        demand = {variants[(turn + step) % 3]: 1 for step in range(3)}
        try:
            await reserve(database, scope, demand)
        except InsufficientStock:
            return False
        return True

    bought = await asyncio.gather(*(buy(turn) for turn in range(120)))
    assert sum(bought) == 30
    assert await levels(database, scope) == dict.fromkeys(variants, (30, 30))


async def test_a_basket_is_reserved_whole_or_not_at_all(
    shop: Shop, scope: StoreScope, database: Database
) -> None:
    """The refusal names every variant that is short, and leaves the others alone."""
    plenty, few, none = await make_variants(shop, 10, 2, 0)
    with pytest.raises(InsufficientStock) as refused:
        await reserve(database, scope, {plenty: 3, few: 3, none: 1})
    assert refused.value.details["variants"] == [
        {"variant_id": ids.encode(Kind.VARIANT, few), "asked": 3, "available": 2},
        {"variant_id": ids.encode(Kind.VARIANT, none), "asked": 1, "available": 0},
    ]
    assert await levels(database, scope) == {plenty: (10, 0), few: (2, 0), none: (0, 0)}


async def test_a_sale_from_reservation_to_payment(shop: Shop, scope: StoreScope, database: Database) -> None:
    """Reserved, then taken, then (a second time) nothing."""
    (variant,) = await make_variants(shop, 5)
    order = await reserve(database, scope, {variant: 2})
    assert await levels(database, scope) == {variant: (5, 2)}
    for _ in range(2):
        async with database.fast(scope) as work:
            assert await service.take(work, order) == []
        assert await levels(database, scope) == {variant: (3, 0)}
    assert await sums_of_movements(database, scope) == {variant: (3, 0)}


async def test_a_cancelled_order_gives_its_stock_back_once(
    shop: Shop, scope: StoreScope, database: Database
) -> None:
    """Releasing twice, or taking afterwards, changes nothing."""
    (variant,) = await make_variants(shop, 5)
    order = await reserve(database, scope, {variant: 2})
    for _ in range(2):
        async with database.fast(scope) as work:
            await service.release(work, order)
    async with database.fast(scope) as work:
        assert await service.take(work, order) == []
    assert await levels(database, scope) == {variant: (5, 0)}


async def test_a_returned_order_restocks(shop: Shop, scope: StoreScope, database: Database) -> None:
    """What is tracked goes back on the shelf."""
    tracked, untracked = await make_variants(shop, 5, None)
    order = await reserve(database, scope, {tracked: 2, untracked: 2})
    async with database.fast(scope) as work:
        await service.take(work, order)
        await service.restock(work, {tracked: 1, untracked: 2}, order)
    assert (await levels(database, scope))[tracked] == (4, 0)
    assert (await sums_of_movements(database, scope))[tracked] == (4, 0)


async def test_a_late_payment_takes_what_is_there(
    shop: Shop, scope: StoreScope, database: Database, worker: Worker
) -> None:
    """The reservation lapsed and somebody else bought: the rest is sold, the missing variant reported, twice alike."""
    (variant,) = await make_variants(shop, 3)
    late = await reserve(database, scope, {variant: 3}, minutes=-1)
    await drain(worker, "inventory.lapse")
    assert await levels(database, scope) == {variant: (3, 0)}
    await reserve(database, scope, {variant: 2})
    for _ in range(2):
        async with database.fast(scope) as work:
            assert await service.take(work, late) == [variant]
        assert await levels(database, scope) == {variant: (2, 2)}
    assert await sums_of_movements(database, scope) == {variant: (2, 2)}


async def test_a_late_payment_with_stock_is_a_sale(
    shop: Shop, scope: StoreScope, database: Database, worker: Worker
) -> None:
    """Nobody else bought: all is there."""
    (variant,) = await make_variants(shop, 3)
    late = await reserve(database, scope, {variant: 3}, minutes=-1)
    await drain(worker, "inventory.lapse")
    async with database.fast(scope) as work:
        assert await service.take(work, late) == []
    assert await levels(database, scope) == {variant: (0, 0)}


async def test_a_reservation_lapses_by_the_stores_own_clock(
    shop: Shop, scope: StoreScope, database: Database, worker: Worker
) -> None:
    """A test store whose clock is an hour ahead sees its reservations of half an hour end; others keep theirs."""
    (variant,) = await make_variants(shop, 3)
    await reserve(database, scope, {variant: 1})
    await drain(worker, "inventory.lapse")
    assert await levels(database, scope) == {variant: (3, 1)}
    async with database.fast(scope) as work:
        await work.execute("update stores set clock_offset = interval '1 hour' where id = $1", scope.store_id)
    worker.table.forget_store(scope.store_id)
    await drain(worker, "inventory.lapse")
    assert await levels(database, scope) == {variant: (3, 0)}


async def test_a_payment_in_progress_keeps_the_stock(
    shop: Shop, scope: StoreScope, database: Database, worker: Worker
) -> None:
    """Extended, a reservation outlives its time; extended too late, it is held again if it can be."""
    (variant,) = await make_variants(shop, 3)
    order = await reserve(database, scope, {variant: 2}, minutes=-1)
    later = clock.now(scope) + timedelta(hours=1)
    async with database.fast(scope) as work:
        assert await service.extend(work, order, later)
    await drain(worker, "inventory.lapse")
    assert await levels(database, scope) == {variant: (3, 2)}

    other = await reserve(database, scope, {variant: 1}, minutes=-1)
    await drain(worker, "inventory.lapse")
    async with database.fast(scope) as work:
        assert await service.extend(work, other, later)
    assert await levels(database, scope) == {variant: (3, 3)}

    third = await reserve_when_gone(database, scope, other, variant, worker)
    async with database.fast(scope) as work:
        assert not await service.extend(work, third, later)
    assert await levels(database, scope) == {variant: (3, 3)}


async def reserve_when_gone(
    database: Database, scope: StoreScope, holder: UUID, variant: UUID, worker: Worker
) -> UUID:
    """An order whose reservation lapsed, and whose stock another holds again."""
    async with database.fast(scope) as work:
        await service.release(work, holder)
    order = await reserve(database, scope, {variant: 1}, minutes=-1)
    await drain(worker, "inventory.lapse")
    await reserve(database, scope, {variant: 1})
    return order


async def test_untracked_and_continuing_variants_are_never_refused(
    shop: Shop, scope: StoreScope, database: Database
) -> None:
    """Sales go on where the store says so, and no level goes below zero."""
    untracked, continuing = await make_variants(shop, None, 1)
    await shop.admin(
        "PUT",
        f"/admin/inventory/{ids.encode(Kind.VARIANT, continuing)}",
        json={"policy": "continue"},
        expect=200,
    )
    order = await reserve(database, scope, {untracked: 50, continuing: 5})
    assert (await levels(database, scope))[continuing] == (1, 5)
    async with database.fast(scope) as work:
        assert await service.take(work, order) == []
    assert (await levels(database, scope))[continuing] == (0, 0)
    assert (await levels(database, scope))[untracked] == (0, 0)
