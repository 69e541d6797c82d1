"""Workers that a test lets live and die, as the database sees them."""

from baas.core.db import Database
from baas.core.values import ids
from baas.core.work.claims import Claimant


async def seen(database: Database, claimant: Claimant | None = None, *, ago: str = "0 seconds") -> int:
    """A worker that beat for the last time so long ago; answers its number."""
    number = claimant.id if claimant is not None else ids.new_id().int >> 66
    async with database.relay(reason="a test lets a worker beat") as system:
        await system.execute(
            "insert into workers (id, name, started_at, seen_at) values ($1, 'w', now(), now() - $2::text::interval)"
            " on conflict (id) do update set seen_at = excluded.seen_at",
            number,
            ago,
        )
    return number


async def none_lives(database: Database) -> None:
    """Forget every worker."""
    async with database.relay(reason="a test leaves no worker behind") as system:
        await system.execute("delete from workers")
