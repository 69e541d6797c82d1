"""Clients of the application under test, in process."""

from collections.abc import AsyncIterator

import httpx
import pytest
from baas_sdk import AsyncClient
from litestar import Litestar

from tests.clients import Shop


@pytest.fixture
async def client(app: Litestar, shop: Shop) -> AsyncIterator[AsyncClient]:
    """The SDK with the secret key of a new store."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]  # same protocol, other names
    async with httpx.AsyncClient(transport=transport) as http:
        yield AsyncClient(shop.secret_key, base_url="http://testserver", http_client=http)


@pytest.fixture
def storefront(client: AsyncClient, shop: Shop) -> AsyncClient:
    """The SDK with the publishable key of the same store."""
    return client.with_options(api_key=shop.publishable_key)
