"""What the worker does for carts: close those that nobody touches any more."""

from collections.abc import Callable
from typing import Final

from baas.core.runtime import Runtime
from baas.core.work.jobs import Drain
from baas.core.work.outbox import ScopeMaker
from baas.services.carts import service


def abandon(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """Abandons one batch of carts per call."""

    async def drain() -> int:
        return await service.abandon_due(runtime.database, make_scope)

    return drain


LOOPS: Final[dict[str, tuple[Callable[[Runtime, ScopeMaker], Drain], float]]] = {
    "carts.abandon": (abandon, 60.0)
}
"""How each loop is made, and the seconds between its looks at the database."""
