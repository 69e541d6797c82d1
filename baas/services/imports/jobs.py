"""The worker's part: files that wait are brought in one after the other."""

from collections.abc import Callable
from typing import Final

from baas.core.runtime import Runtime
from baas.core.work.jobs import TICK, Drain
from baas.core.work.outbox import ScopeMaker
from baas.services.imports import service


def imports_loop(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """The loop `imports`: claims the import that has waited longest and runs it to its end."""

    async def drain() -> int:
        return int(await service.run_next(runtime.database, make_scope, runtime.claimant))

    return drain


LOOPS: Final[dict[str, tuple[Callable[[Runtime, ScopeMaker], Drain], float]]] = {
    "imports": (imports_loop, TICK)
}
