"""The catalogue: categories, products with their parts, and the words that products are found by.

Revision ID: 0003_catalog
Revises: 0002_tenants
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import RELAY, across_stores, store_table

revision = "0003_catalog"
down_revision = "0002_tenants"
branch_labels = None
depends_on = None

_TABLES = ("categories", "products", "product_options", "product_images", "variants", "product_categories")
_WORDS = sa.ARRAY(sa.Text())
_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("updated_at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_categories"),
        sa.UniqueConstraint("store_id", "slug", name="uq_categories_store_id_slug"),
        sa.ForeignKeyConstraint(
            ["store_id", "parent_id"],
            ["categories.store_id", "categories.id"],
            name="fk_categories_store_id_parent_id",
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_categories_not_its_own_parent")),
        comment="The tree of categories of a store.",
    )
    op.create_index(
        "ix_categories_store_id_parent_id_position", "categories", ["store_id", "parent_id", "position"]
    )
    op.create_table(
        "products",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("product_type", sa.Text(), nullable=False),
        sa.Column("tags", _WORDS, nullable=False),
        sa.Column("seo_title", sa.Text(), nullable=False),
        sa.Column("seo_description", sa.Text(), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.Column("sort_name", sa.Text(collation="C"), nullable=False, server_default=sa.text("''")),
        sa.Column("price_min", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("price_max", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("in_stock", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("document", sa.LargeBinary(), nullable=False, server_default=sa.text("''")),
        sa.Column("document_version", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("updated_at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_products"),
        sa.UniqueConstraint("store_id", "handle", name="uq_products_store_id_handle"),
        sa.CheckConstraint("status in ('draft', 'active', 'archived')", name=op.f("ck_products_status")),
        sa.CheckConstraint("price_min >= 0 and price_max >= price_min", name=op.f("ck_products_price_range")),
        comment="What is described; a product has at least one variant, which is what is sold.",
    )
    active = sa.text("status = 'active'")
    for name, first in (("age", "created_at"), ("price", "price_min"), ("name", "sort_name")):
        op.create_index(
            f"ix_products_by_{name}", "products", ["store_id", first, "id"], postgresql_where=active
        )
    op.create_index("ix_products_admin", "products", ["store_id", "created_at", "id"])
    # By the version alone: the worker looks for old documents over all stores.
    op.create_index("ix_products_document_version", "products", ["document_version", "store_id"])
    # A document is read far more often than written: not compressed, and in the row as long as it fits a page.
    op.execute("alter table products alter column document set storage external")
    op.execute("alter table products set (toast_tuple_target = 8160)")
    op.create_table(
        "product_options",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("values", _WORDS, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_product_options"),
        _product_key("product_options"),
        sa.UniqueConstraint(
            "store_id",
            "product_id",
            "position",
            name="uq_product_options_store_id_product_id_position",
            deferrable=True,
        ),
        comment="What the variants of a product differ by, such as size.",
    )
    op.create_table(
        "product_images",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_product_images"),
        _product_key("product_images"),
        sa.UniqueConstraint(
            "store_id", "product_id", "url", name="uq_product_images_store_id_product_id_url", deferrable=True
        ),
        comment="Addresses of a product's pictures.",
    )
    op.create_table(
        "variants",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("option_values", _WORDS, nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("compare_at_price", sa.BigInteger(), nullable=True),
        sa.Column("weight_grams", sa.BigInteger(), nullable=False),
        sa.Column("requires_shipping", sa.Boolean(), nullable=False),
        sa.Column("taxable", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.Uuid(), nullable=True),
        sa.Column("available", sa.BigInteger(), nullable=True),
        sa.Column("in_stock", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("offer", postgresql.JSON(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("updated_at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_variants"),
        _product_key("variants"),
        sa.ForeignKeyConstraint(
            ["store_id", "image_id"],
            ["product_images.store_id", "product_images.id"],
            name="fk_variants_store_id_image_id",
            ondelete="SET NULL (image_id)",
        ),
        sa.UniqueConstraint("store_id", "sku", name="uq_variants_store_id_sku", deferrable=True),
        sa.CheckConstraint("price >= 0 and compare_at_price >= 0", name=op.f("ck_variants_price")),
        sa.CheckConstraint("weight_grams >= 0", name=op.f("ck_variants_weight")),
        sa.CheckConstraint("kind in ('physical', 'digital')", name=op.f("ck_variants_kind")),
        comment="What is sold: its own SKU, price and stock.",
    )
    op.create_index(
        "ix_variants_store_id_product_id_position", "variants", ["store_id", "product_id", "position"]
    )
    op.create_index(
        "ix_variants_store_id_image_id",
        "variants",
        ["store_id", "image_id"],
        postgresql_where=sa.text("image_id is not null"),
    )
    op.create_table(
        "product_categories",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "product_id", "category_id", name="pk_product_categories"),
        _product_key("product_categories"),
        sa.ForeignKeyConstraint(
            ["store_id", "category_id"],
            ["categories.store_id", "categories.id"],
            name="fk_product_categories_store_id_category_id",
            ondelete="CASCADE",
        ),
        comment="Which products are in which categories.",
    )
    op.create_index(
        "ix_product_categories_store_id_category_id_product_id",
        "product_categories",
        ["store_id", "category_id", "product_id"],
    )
    for table in _TABLES:
        store_table(table)
    across_stores("products", RELAY, "select (store_id, document_version)")
    _search()


def downgrade() -> None:
    op.drop_table("product_search")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _product_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", "product_id"],
        ["products.store_id", "products.id"],
        name=f"fk_{table}_store_id_product_id",
        ondelete="CASCADE",
    )


def _search() -> None:
    # Without any grant: functions are the only doors, and take the store from the transaction.
    op.create_table(
        "product_search",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "product_id", name="pk_product_search"),
        _product_key("product_search"),
        comment="The words of a product; read and written by functions alone.",
    )
    # Without fastupdate a search never has to read a pending list, so its time does not depend on imports.
    op.create_index(
        "ix_product_search_words",
        "product_search",
        [sa.text("catalog_keys(store_id, words)")],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
