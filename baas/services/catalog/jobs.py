"""What the worker does for the catalogue: derive again what a former release derived."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from baas.core.runtime import Runtime
from baas.core.work.jobs import Drain
from baas.core.work.outbox import ScopeMaker
from baas.services.catalog import service


def refresh(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """Derives one batch of one store's products again per call."""
    passed_over: set[UUID] = set()

    async def drain() -> int:
        return await service.refresh_outdated(runtime.database, make_scope, passed_over)

    return drain


LOOPS: Final[dict[str, tuple[Callable[[Runtime, ScopeMaker], Drain], float]]] = {
    "catalog.refresh": (refresh, 30.0)
}
"""How each loop is made, and the seconds between its looks at the database."""
