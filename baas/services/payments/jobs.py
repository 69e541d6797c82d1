"""What the payments do when nobody asks: process the inbox, ask for refunds, compare with the providers."""

from collections.abc import Callable
from typing import Final

from baas.core.runtime import Runtime
from baas.core.work.jobs import Drain
from baas.core.work.outbox import ScopeMaker
from baas.services.payments.service import inbox, reconciling
from baas.services.payments.service.network import desk_of


def process_inbox(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """Asks the providers about what they notified, one batch per call."""
    desk = desk_of(runtime)

    async def drain() -> int:
        return await inbox.process_due(desk, make_scope)

    return drain


def run_refunds(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """Asks for refunds whose first question had no answer, one batch per call."""
    desk = desk_of(runtime)

    async def drain() -> int:
        return await inbox.refund_due(desk, make_scope)

    return drain


def reconcile(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """Compares our payments with the providers' own lists, a few accounts per call."""
    desk = desk_of(runtime)

    async def drain() -> int:
        return await reconciling.reconcile_due(desk, make_scope)

    return drain


LOOPS: Final[dict[str, tuple[Callable[[Runtime, ScopeMaker], Drain], float]]] = {
    "payments.inbox": (process_inbox, 1.0),
    "payments.refunds": (run_refunds, 5.0),
    "payments.reconcile": (reconcile, 30.0),
}
"""How each loop is made, and the seconds between its looks at the database."""
