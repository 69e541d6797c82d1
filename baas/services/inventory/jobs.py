"""What the worker does for the inventory: give back reservations whose time is over."""

from collections.abc import Callable
from typing import Final

from baas.core.runtime import Runtime
from baas.core.work.jobs import Drain
from baas.core.work.outbox import ScopeMaker
from baas.services.inventory import service


def lapse(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """Lapses one batch of reservations per call."""

    async def drain() -> int:
        return await service.lapse_due(runtime.database, make_scope)

    return drain


LOOPS: Final[dict[str, tuple[Callable[[Runtime, ScopeMaker], Drain], float]]] = {
    "inventory.lapse": (lapse, 5.0)
}
"""How each loop is made, and the seconds between its looks at the database."""
