"""The port to inventory, which lies above the catalogue and so cannot be imported by it (D-010).

The assembly plugs it in (`runtime.ports[STOCK]`), and whoever calls a verb that needs it hands it over.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from baas.core.db import StoreWork
from baas.core.runtime import Port
from baas.services.catalog.schemas.stock import Availability, StartLevel


class StockPort(Protocol):
    """What the catalogue asks of whoever keeps the stock."""

    async def start(self, work: StoreWork, levels: Sequence[StartLevel]) -> None:
        """Make the levels of variants that were just inserted; their `available` and `in_stock` are noted already."""

    async def read(self, work: StoreWork, variant_ids: Sequence[UUID]) -> Mapping[UUID, Availability]:
        """What can be bought of these variants now; those without a level are left out: they are not counted."""


STOCK: Final = Port[StockPort]("stock")
