"""What the worker runs for webhooks: the loop that delivers, the fan-out for the relay, the housekeeping."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from baas.core.runtime import Runtime
from baas.core.values import clock, ids
from baas.core.work.jobs import TICK, Drain, Loop
from baas.core.work.outbox import EVENTS_KEPT_DAYS, FanOut, ScopeMaker
from baas.webhooks import policy
from baas.webhooks.dispatcher import Dispatcher
from baas.webhooks.repository import queue
from baas.webhooks.schemas.outbound import DisabledReason
from baas.webhooks.service import endpoints

FAN_OUT: FanOut = queue.fan_out
"""Registered with the relay: makes the deliveries of new events."""

PRUNE_BATCH = 2000


def make_dispatcher(runtime: Runtime, make_scope: ScopeMaker, **options: Any) -> Dispatcher:
    """The loop that delivers; `options` are the dispatcher's own."""

    async def give_up(store_id: UUID, endpoint_id: UUID, reason: DisabledReason) -> None:
        scope = await make_scope(store_id, f"job_{endpoint_id.hex}")
        async with runtime.database.store(scope) as session:
            await endpoints.give_up(session, endpoint_id, reason)

    return Dispatcher(runtime.database, runtime.http, runtime.keyring, give_up, runtime.claimant, **options)


def make_housekeeping(runtime: Runtime, _make_scope: ScopeMaker) -> Drain:
    """Sets right what the relay made while an endpoint changed, and deletes what is past its time, a batch at each look."""

    async def tidy() -> int:
        oldest = clock.now() - timedelta(days=EVENTS_KEPT_DAYS)
        async with runtime.database.relay(
            reason="webhooks: end or order what was made while an endpoint changed", **queue.TIDYING
        ) as system:
            await queue.fail_orphans(system, "The endpoint is disabled.")
            await queue.put_in_order(system)
        async with runtime.database.relay(
            reason="webhooks: delete what is past its time", **queue.TIDYING
        ) as system:
            deleted = await queue.prune(system, ids.at(oldest), PRUNE_BATCH)
            deleted += await queue.prune_keys(system, oldest, PRUNE_BATCH)
        return deleted if deleted >= PRUNE_BATCH else 0

    return tidy


LOOPS: Mapping[str, tuple[Callable[[Runtime, ScopeMaker], Drain | Loop], float]] = {
    policy.LOOP: (make_dispatcher, TICK),
    "webhooks.tidy": (make_housekeeping, 300.0),
}
"""The loops that the worker runs for this package, and the seconds between their looks at the database."""
