"""The seam to inventory, which lies above the catalogue and so cannot be imported by it.

The assembly calls `use(port)` once. Without a port (tests of the catalogue alone) stock is what the
variants' own columns say.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from baas.core.db import StoreWork
from baas.services.catalog.schemas import Availability, StartLevel


class StockPort(Protocol):
    """What the catalogue asks of whoever keeps the stock."""

    async def start(self, work: StoreWork, levels: Sequence[StartLevel]) -> None:
        """Make the levels of variants that were just inserted; their `available` and `in_stock` are noted already."""

    async def read(self, work: StoreWork, variant_ids: Sequence[UUID]) -> Mapping[UUID, Availability]:
        """What can be bought of these variants now; those without a level are left out."""


_ports: list[StockPort] = []


def use(port: StockPort | None) -> None:
    """Set the port of this process; None takes it away."""
    _ports[:] = [] if port is None else [port]


async def start(work: StoreWork, levels: Sequence[StartLevel]) -> None:
    """Begin to keep stock of new variants."""
    for port in _ports:
        if levels:
            await port.start(work, levels)


async def read(work: StoreWork, variant_ids: Sequence[UUID]) -> Mapping[UUID, Availability]:
    """What can be bought now, as far as somebody keeps it."""
    return await _ports[0].read(work, variant_ids) if _ports and variant_ids else {}
