"""Tables of the catalogue."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSON, TSVECTOR
from sqlalchemy.orm import Mapped

from baas.core.db.tables import Base, StoreEntity, StoreOwned, column, one_of, store_fk
from baas.services.catalog.schemas import ProductStatus, VariantKind

_ACTIVE = text("status = 'active'")


class Category(StoreEntity, Base):
    """A node of the store's tree of categories."""

    __tablename__ = "categories"
    __table_args__ = (
        store_fk("parent_id", "categories"),
        UniqueConstraint("store_id", "slug"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index(None, "store_id", "parent_id", "position"),
    )

    name: Mapped[str] = column()
    slug: Mapped[str] = column()
    parent_id: Mapped[UUID | None] = column()
    position: Mapped[int] = column()
    is_active: Mapped[bool] = column()
    created_at: Mapped[datetime] = column()
    updated_at: Mapped[datetime] = column()


class Product(StoreEntity, Base):
    """What is described. The columns below `metadata` are derived from it and its parts."""

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("store_id", "handle"),
        one_of("status", ProductStatus),
        CheckConstraint("price_min >= 0 and price_max >= price_min", name="price_range"),
        Index("ix_products_by_age", "store_id", "created_at", "id", postgresql_where=_ACTIVE),
        Index("ix_products_by_price", "store_id", "price_min", "id", postgresql_where=_ACTIVE),
        Index("ix_products_by_name", "store_id", "sort_name", "id", postgresql_where=_ACTIVE),
        Index("ix_products_admin", "store_id", "created_at", "id"),
        # The worker asks over all stores, and nobody else asks for a version.
        Index("ix_products_document_version", "document_version", "store_id"),
    )

    name: Mapped[str] = column()
    handle: Mapped[str] = column()
    description: Mapped[str] = column()
    status: Mapped[str] = column()
    vendor: Mapped[str] = column()
    product_type: Mapped[str] = column()
    tags: Mapped[list[str]] = column()
    seo_title: Mapped[str] = column()
    seo_description: Mapped[str] = column()
    metadata_: Mapped[dict[str, Any]] = column("metadata")
    sort_name: Mapped[str] = column(type_=Text(collation="C"), server_default=text("''"))
    price_min: Mapped[int] = column(server_default=text("0"))
    price_max: Mapped[int] = column(server_default=text("0"))
    in_stock: Mapped[bool] = column(type_=Boolean(), server_default=text("true"))
    # D-018: the answer of storefronts, rewritten in the transaction of any change.
    document: Mapped[bytes] = column(deferred=True, server_default=text("''"))
    """The product's JSON as storefronts get it, so that a list is an index scan and a concatenation."""
    document_version: Mapped[int] = column(server_default=text("0"))
    """The version of what was derived (`repository.documents.VERSION`); a lower one is derived anew."""
    created_at: Mapped[datetime] = column()
    updated_at: Mapped[datetime] = column()


class ProductOption(StoreEntity, Base):
    """An option such as Colour; a variant's `option_values` follow the options' positions."""

    __tablename__ = "product_options"
    __table_args__ = (
        store_fk("product_id", "products", ondelete="CASCADE"),
        UniqueConstraint("store_id", "product_id", "position", deferrable=True),
    )

    product_id: Mapped[UUID] = column()
    name: Mapped[str] = column()
    values: Mapped[list[str]] = column()
    position: Mapped[int] = column()


class ProductImage(StoreEntity, Base):
    """An image by its address."""

    __tablename__ = "product_images"
    __table_args__ = (
        store_fk("product_id", "products", ondelete="CASCADE"),
        UniqueConstraint("store_id", "product_id", "url", deferrable=True),
    )

    product_id: Mapped[UUID] = column()
    url: Mapped[str] = column()
    alt: Mapped[str] = column()
    position: Mapped[int] = column()


class Variant(StoreEntity, Base):
    """What is sold. `available` and `in_stock` are told by inventory."""

    __tablename__ = "variants"
    __table_args__ = (
        store_fk("product_id", "products", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "image_id"],
            ["product_images.store_id", "product_images.id"],
            ondelete="SET NULL (image_id)",
        ),
        UniqueConstraint("store_id", "sku", deferrable=True),
        CheckConstraint("price >= 0 and compare_at_price >= 0", name="price"),
        CheckConstraint("weight_grams >= 0", name="weight"),
        one_of("kind", VariantKind),
        Index(None, "store_id", "product_id", "position"),
        Index(None, "store_id", "image_id", postgresql_where=text("image_id is not null")),
    )

    product_id: Mapped[UUID] = column()
    name: Mapped[str] = column()
    sku: Mapped[str | None] = column()
    barcode: Mapped[str | None] = column()
    option_values: Mapped[list[str]] = column()
    price: Mapped[int] = column()
    compare_at_price: Mapped[int | None] = column()
    weight_grams: Mapped[int] = column()
    requires_shipping: Mapped[bool] = column()
    taxable: Mapped[bool] = column()
    kind: Mapped[str] = column()
    position: Mapped[int] = column()
    image_id: Mapped[UUID | None] = column()
    available: Mapped[int | None] = column()
    in_stock: Mapped[bool] = column(type_=Boolean(), server_default=text("true"))
    # D-073: derived by a trigger, in the transaction that writes the document.
    offer: Mapped[list[Any]] = column(deferred=True, type_=JSON(), server_default=text("'[]'"))
    """What carts and orders need to know of it, a `Sellable` as JSON: derived from it, its product and its images
    by a trigger when the product's document is written."""
    created_at: Mapped[datetime] = column()
    updated_at: Mapped[datetime] = column()


class ProductCategory(StoreOwned, Base):
    """That a product is in a category."""

    __tablename__ = "product_categories"
    __table_args__ = (
        store_fk("product_id", "products", ondelete="CASCADE"),
        store_fk("category_id", "categories", ondelete="CASCADE"),
        Index(None, "store_id", "category_id", "product_id"),
    )

    product_id: Mapped[UUID] = column(primary_key=True)
    category_id: Mapped[UUID] = column(primary_key=True)
    position: Mapped[int] = column()


class ProductSearch(StoreOwned, Base):
    """The words of a product, and the lexeme `store:<id>`; the index has each of them under its store.

    The app has no grant on this table: under row level security `@@` would lose its index. It is written
    and read through functions alone, which take the store from the transaction.
    """

    __tablename__ = "product_search"
    __table_args__ = (
        store_fk("product_id", "products", ondelete="CASCADE"),
        Index("ix_product_search_words", text("catalog_keys(store_id, words)"), postgresql_using="gin"),
    )

    product_id: Mapped[UUID] = column(primary_key=True)
    words: Mapped[Any] = column(type_=TSVECTOR())
