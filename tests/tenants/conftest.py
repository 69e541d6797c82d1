"""What the tests of tenants share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from baas.core.settings import Settings
from tests.servers import Servers, with_database


@pytest.fixture
async def superuser_sql(servers: Servers, settings: Settings) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Change a row behind the application's back: to let time pass, for example."""
    name = settings.database.app.rpartition("/")[2]
    connection: Any = await asyncpg.connect(with_database(servers.admin_url, name))
    yield connection.execute
    await connection.close()
