"""What is past its time."""

from uuid import UUID

from baas.core.db import Database
from baas.services.notifications.repository import queue


async def prune(database: Database, *, contents: UUID, messages: UUID, limit: int) -> int:
    """Delete a batch of contents and of messages older than these ids; answers how many."""
    async with database.relay(reason="notifications: delete what is past its time") as system:
        return await queue.prune(system, contents=contents, messages=messages, limit=limit)
