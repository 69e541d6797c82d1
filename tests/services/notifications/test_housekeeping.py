"""What is kept, and for how long."""

from datetime import timedelta
from uuid import UUID

from baas.core.db import Database
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.notifications.steps import execute, listed, read, send


async def _aged(shop: Shop, worker: Worker, database: Database, days: int) -> str:
    """A sent notification that is so old: rows are aged by their ids."""
    identity = await send(shop, subject=f"{days} days")
    await drain(worker)
    number = ids.decode(Kind.NOTIFICATION, identity)
    begun = ids.at(clock.now() - timedelta(days=days)).int >> 80
    older = UUID(int=(begun << 80) | (number.int & ((1 << 80) - 1)))
    scope = await shop.scope(worker)
    async with database.fast(scope) as work:
        await work.execute(
            "insert into notifications (store_id, id, channel, recipient, locale, data, status, next_attempt_at, created_at)"
            " select store_id, $3, channel, recipient, locale, data, status, next_attempt_at, created_at"
            " from notifications where store_id = $1 and id = $2",
            *(scope.store_id, number, older),
        )
        await work.execute(
            "insert into notification_contents (store_id, notification_id, subject, html, body)"
            " select store_id, $3, subject, html, body from notification_contents"
            " where store_id = $1 and notification_id = $2",
            *(scope.store_id, number, older),
        )
    return ids.encode(Kind.NOTIFICATION, older)


async def test_what_was_said_is_kept_a_month_and_that_it_was_said_half_a_year(
    shop: Shop, worker: Worker, database: Database
) -> None:
    """By the worker, over all stores, in a role that cannot read any of it."""
    fresh = await _aged(shop, worker, database, 29)
    silent = await _aged(shop, worker, database, 31)
    gone = await _aged(shop, worker, database, 181)
    await drain(worker, "notifications-housekeeping")
    assert (await read(shop, fresh))["content"] is not None
    assert (await read(shop, silent))["content"] is None
    await shop.admin("GET", f"/admin/notifications/{gone}", expect=404)
    assert len(await listed(shop)) == 5


async def test_what_still_waits_is_never_thrown_away(shop: Shop, worker: Worker, database: Database) -> None:
    """However old it is."""
    old = await _aged(shop, worker, database, 400)
    scope = await shop.scope(worker)
    sql = "update notifications set status = 'pending', next_attempt_at = now() + interval '1 day' where store_id = $1 and id = $2"
    await execute(database, shop, worker, sql, scope.store_id, ids.decode(Kind.NOTIFICATION, old))
    await drain(worker, "notifications-housekeeping")
    assert (await read(shop, old))["status"] == "pending"


async def test_the_partitions_of_the_attempts_are_looked_after(worker: Worker) -> None:
    """With the others, month by month."""
    await worker.loops["partitions"].drain_once()
