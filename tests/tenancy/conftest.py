"""Two stores, as their sessions know them."""

import pytest

from baas.core.scope import StoreScope
from baas.worker import Worker
from tests.clients import Shop


@pytest.fixture
async def ours(shop: Shop, worker: Worker) -> StoreScope:
    """A store."""
    return await shop.scope(worker)


@pytest.fixture
async def theirs(other_shop: Shop, worker: Worker) -> StoreScope:
    """Another store."""
    return await other_shop.scope(worker)
