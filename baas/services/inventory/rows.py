"""The rows of the inventory's tables, and of what its functions return."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from baas.core.db.rows import Projection, Row, Sql
from baas.services.inventory.schemas import UNTRACKED, Policy, Reason, ReservationStatus, Stock


class LevelRow(Row, frozen=True, array_like=True):
    """A level as it is stored."""

    __table__ = "inventory_levels"

    variant_id: UUID
    on_hand: int
    reserved: int
    policy: Policy
    tracked: bool
    low_stock_at: int | None
    updated_at: datetime

    @property
    def available(self) -> int:
        """What is left beside what orders hold; never negative (under `continue` orders may hold more)."""
        return max(0, self.on_hand - self.reserved)

    @property
    def stock(self) -> Stock:
        """What can be bought."""
        if not self.tracked:
            return UNTRACKED
        return Stock(available=self.available, limited=self.policy is Policy.DENY)


class Change(msgspec.Struct, frozen=True):
    """A level before and after a change."""

    before: LevelRow
    after: LevelRow


class ReleasedRow(LevelRow, frozen=True, array_like=True):
    """A level after an order gave something back."""

    __table__ = ""

    given_back: Annotated[int, Sql("f.given_back")]


class TakenRow(LevelRow, frozen=True, array_like=True):
    """A level after what an order held was sold."""

    __table__ = ""

    order_id: Annotated[UUID, Sql("order_key")]
    lacking: Annotated[int, Sql("f.lacking")]
    """Pieces that were not there any more."""
    on_hand_change: Annotated[int, Sql("f.on_hand_change")]
    reserved_change: Annotated[int, Sql("f.reserved_change")]


class ReservationRow(Projection, frozen=True):
    """What an order holds, or held, of a variant."""

    __table__ = "inventory_reservations"

    variant_id: UUID
    quantity: int
    status: ReservationStatus


class MovementRow(Row, frozen=True):
    """One change of a level."""

    __table__ = "inventory_movements"

    id: UUID
    variant_id: UUID
    reason: Reason
    on_hand_change: int
    reserved_change: int
    order_id: UUID | None
    note: str | None
    actor: str | None
    created_at: datetime
