"""What the worker runs for notifications: the loop that sends, the handlers of events, the housekeeping."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from baas.core.db import StoreWork
from baas.core.runtime import Runtime
from baas.core.values import clock, ids
from baas.core.work.event_types import EventType
from baas.core.work.jobs import TICK, Drain, Loop
from baas.core.work.outbox import ReceivedEvent, ScopeMaker, Subscriptions, Together
from baas.services.notifications import policy
from baas.services.notifications.dispatcher import Dispatcher
from baas.services.notifications.processes import renderer_of, senders_of
from baas.services.notifications.rules import RULES, EventRule
from baas.services.notifications.service import housekeeping, messages

PRUNE_BATCH: Final = 2000


def _handler(rule: EventRule) -> Together:
    async def follow(work: StoreWork, events: Sequence[ReceivedEvent]) -> None:
        await messages.follow(work, rule, events)

    return Together(follow)


def handlers(known: Mapping[str, EventType]) -> Subscriptions:
    """Lets each rule hear its event, which a package above may emit. Raises KeyError for an event that is not `known`."""
    return {
        known[rule.event_type]: {f"notifications.{rule.template_key}": _handler(rule)}
        for rule in RULES
        if not rule.reserved
    }


def make_dispatcher(runtime: Runtime, make_scope: ScopeMaker) -> Loop:
    """The loop that sends."""
    return Dispatcher(
        runtime.database, senders_of(runtime), renderer_of(runtime), make_scope, runtime.claimant
    )


def make_housekeeping(runtime: Runtime, _make_scope: ScopeMaker) -> Drain:
    """Deletes what is past its time, a batch at each look."""

    async def tidy() -> int:
        now = clock.now()
        deleted = await housekeeping.prune(
            runtime.database,
            contents=ids.at(now - policy.CONTENT_KEPT),
            messages=ids.at(now - policy.KEPT),
            limit=PRUNE_BATCH,
        )
        return deleted if deleted >= PRUNE_BATCH else 0

    return tidy


LOOPS: Final[Mapping[str, tuple[Callable[[Runtime, ScopeMaker], Drain | Loop], float]]] = {
    "notifications": (make_dispatcher, TICK),
    "notifications-housekeeping": (make_housekeeping, 300.0),
}
"""The loops that the worker runs for this package, and the seconds between their looks at the database."""
