"""The SDK reads a product whose stored document a former release wrote: its types require every field."""

from baas_sdk import AsyncClient

from baas.core.db import Database
from baas.worker import Worker
from tests.clients import Shop
from tests.services.goods import make_former, make_product


async def test_a_document_of_a_former_shape_decodes(
    shop: Shop, database: Database, worker: Worker, storefront: AsyncClient
) -> None:
    """Alone, in a list, and in the pages of one; nothing of it is lost."""
    made = await make_product(shop, {"price": 1, "barcode": "77"}, vendor="Casa")
    await make_former(database, await shop.scope(worker), made)
    product = await storefront.storefront.products.get(made["handle"])
    listed = [product async for product in storefront.storefront.products.list()]
    for one in (product, *listed):
        assert (one.vendor, one.variants[0].barcode) == ("Casa", "77")
    assert len(listed) == 1
