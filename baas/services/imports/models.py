"""Tables of the imports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from baas.core.db.tables import Base, StoreEntity, StoreOwned, column, one_of, store_fk
from baas.services.imports.schemas import ImportStatus, Outcome

_KEEP = "90d"


class ImportRow(StoreEntity, Base):
    """A file that brings products. `content` is kept until the import is finished."""

    __tablename__ = "imports"
    __table_args__ = (
        one_of("status", ImportStatus),
        Index("ix_imports_due", "lease_until", postgresql_where=text("status in ('pending', 'running')")),
        {"info": {"done": "status not in ('pending', 'running')"}},
    )

    status: Mapped[str] = column(keep=_KEEP)
    format: Mapped[str] = column(keep=_KEEP)
    filename: Mapped[str] = column(keep=_KEEP)
    content: Mapped[bytes | None] = column(keep=_KEEP, deferred=True)
    rows: Mapped[int] = column(keep=_KEEP)
    created: Mapped[int] = column(keep=_KEEP, server_default=text("0"))
    updated: Mapped[int] = column(keep=_KEEP, server_default=text("0"))
    skipped: Mapped[int] = column(keep=_KEEP, server_default=text("0"))
    failed: Mapped[int] = column(keep=_KEEP, server_default=text("0"))
    error: Mapped[str | None] = column(keep=_KEEP)
    attempts: Mapped[int] = column(keep=_KEEP, server_default=text("0"))
    lease_until: Mapped[datetime] = column(keep=_KEEP)
    claimed_by: Mapped[int | None] = column(keep=_KEEP)
    """Who claimed it last (`baas.core.work.claims`)."""
    created_at: Mapped[datetime] = column(keep=_KEEP)
    finished_at: Mapped[datetime | None] = column(keep=_KEEP)


class ImportResult(StoreOwned, Base):
    """What became of one product of a file, by its first row."""

    __tablename__ = "import_results"
    __table_args__ = (
        store_fk("import_id", "imports", ondelete="CASCADE"),
        one_of("outcome", Outcome),
        Index(None, "store_id", "import_id", "handle"),
    )

    import_id: Mapped[UUID] = column(primary_key=True, keep=_KEEP)
    row: Mapped[int] = column(primary_key=True, keep=_KEEP, autoincrement=False)
    rows: Mapped[int] = column(keep=_KEEP)
    handle: Mapped[str] = column(keep=_KEEP)
    outcome: Mapped[str] = column(keep=_KEEP)
    problems: Mapped[list[Any]] = column(type_=JSONB(), keep=_KEEP)
