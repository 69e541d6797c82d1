"""The ground that every table stands on: naming, store ownership, and what each column holds.

A column that does not say whether it is personal and how long it is kept fails the build
(`tests/tenancy/test_metadata.py`), so erasure, export and retention can be driven by the schema.
"""

from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column
from sqlalchemy.types import TypeEngine

KEEP_STORE: Final = "store"
"""As long as the store exists."""
KEEP_ORDER: Final = "order"
"""As long as the law asks for the records of a sale."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


_BAAS: Final = Path(__file__).parents[2]
_IN_CORE: Final = ("work.outbox", "work.event_jobs", "work.subjects", "serving.idempotency", "work.heartbeat")


def load_tables() -> MetaData:
    """The tables of all packages: of each room `models`, wherever it is, and of core.

    Frequent statements are text, so a process that only serves would not meet every model by itself.
    """
    for name in _IN_CORE:
        import_module(f"baas.core.{name}")
    for path in sorted((*_BAAS.glob("**/models.py"), *_BAAS.glob("**/models/__init__.py"))):
        parts = path.relative_to(_BAAS.parent).with_suffix("").parts
        import_module(".".join(parts).removesuffix(".__init__"))
    return metadata


class Base(DeclarativeBase):
    """The declarative base of all tables."""

    metadata = metadata
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads this class attribute
        datetime: DateTime(timezone=True),
        UUID: Uuid(as_uuid=True),
        str: Text(),
        int: BigInteger(),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
    }


# D-031: columns say themselves what is personal and how long it is kept; there is no list beside them.
def column(
    *arguments: Any,
    pii: bool = False,
    keep: str = KEEP_STORE,
    type_: TypeEngine[Any] | None = None,
    **options: Any,
) -> MappedColumn[Any]:
    """A mapped column that says what it holds: personal data or not, and how long it is kept.

    `keep` is one of the KEEP_ words or a duration such as `90d` after the row was made.
    """
    leading = () if type_ is None else (type_,)
    return mapped_column(*leading, *arguments, info={"pii": pii, "keep": keep}, **options)


def one_of(name: str, words: Iterable[str]) -> CheckConstraint:
    """A constraint that a column holds one of some words: the members of an enumeration, in their order.

    The words stand in its `info` as well, for tests/checks/test_words.py, which compares the database and all SQL with them.
    """
    known = tuple(str(word) for word in words)
    listed = ", ".join(f"'{word}'" for word in known)
    return CheckConstraint(
        f"{name} in ({listed})", name=name, info={"column": name, "words": frozenset(known)}
    )


class StoreOwned:
    """A row that belongs to exactly one store; the key begins with the store."""

    # D-012: without a foreign key to stores: the row policy admits rows of the transaction's store alone, which exists.
    @declared_attr
    def store_id(self) -> Mapped[UUID]:
        return column(primary_key=True, sort_order=-20)


class StoreEntity(StoreOwned):
    """A store's row with an id of its own: primary key `(store_id, id)`."""

    @declared_attr
    def id(self) -> Mapped[UUID]:
        return column(primary_key=True, sort_order=-10)


def store_fk(
    name: str, table: str, *, ondelete: str | None = None, target: str = "id"
) -> ForeignKeyConstraint:
    """A foreign key that carries the store, so that a row cannot point into another store."""
    return ForeignKeyConstraint(
        ["store_id", name], [f"{table}.store_id", f"{table}.{target}"], ondelete=ondelete
    )
