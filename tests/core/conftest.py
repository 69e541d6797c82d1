"""What the tests of the core share."""

from typing import Any

import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.worker import Worker
from tests.clients import Shop


@pytest.fixture
async def scope(shop: Shop, worker: Worker) -> StoreScope:
    """A store."""
    return await shop.scope(worker)


@pytest.fixture(params=["store", "fast"])
def open_work(request: pytest.FixtureRequest, database: Database) -> Any:
    """Over the ORM, and over the bare driver."""
    return getattr(database, request.param)
