"""The worker's part: files that wait are brought in one after the other."""

from collections.abc import Callable
from typing import Final

from baas.core.jobs import TICK, Drain
from baas.core.outbox import ScopeMaker
from baas.core.runtime import Runtime
from baas.services.imports import repository, service


def imports_loop(runtime: Runtime, make_scope: ScopeMaker) -> Drain:
    """The loop `imports`: claims the import that has waited longest and runs it to its end."""
    database = runtime.database

    async def drain() -> int:
        async with database.relay(reason="imports: claim a file that waits or whose worker died") as system:
            claimed = await repository.claim(system)
        if claimed is None:
            return 0
        store_id, import_id, attempts = claimed
        scope = await make_scope(store_id, f"imp_{import_id.hex}")
        await service.run_claimed(database, scope, import_id, attempts)
        return 1

    return drain


LOOPS: Final[dict[str, tuple[Callable[[Runtime, ScopeMaker], Drain], float]]] = {
    "imports": (imports_loop, TICK)
}
