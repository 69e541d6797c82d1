"""What a cart or an order needs to know of a variant is one derived column, and not a join of three tables.

It is made wherever a product's document is made, from the same rows and in the same transaction.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from migrations.policies import APP

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("products", "product_images", "variants")
# In the order of `Sellable`, which is read from it.
OFFER = """
json_build_array(x.id, x.product_id, p.name, x.name, x.sku, x.price, x.compare_at_price, x.weight_grams,
  x.requires_shipping, x.taxable, x.kind,
  (select i.url from product_images i where i.store_id = x.store_id and i.product_id = x.product_id
   order by (i.id = x.image_id) desc nulls last, i.position, i.id limit 1),
  p.status = 'active')
"""
DERIVE = f"""
create function catalog_offers(p_store uuid, p_products uuid[]) returns void language sql as $$
  update variants v set offer = n.offer
  from unnest(p_products) as w(id) cross join lateral (
    select x.id, {OFFER.strip()} as offer
    from products p join variants x on x.store_id = p.store_id and x.product_id = p.id
    where p.store_id = p_store and p.id = w.id offset 0
  ) n
  where v.store_id = p_store and v.id = n.id and v.offer::text <> n.offer::text
$$
"""


def upgrade() -> None:
    """Add the column, and fill it for the variants that there are."""
    op.add_column("variants", sa.Column("offer", JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.execute(DERIVE)
    op.execute("revoke execute on function catalog_offers from public")
    op.execute(f"grant execute on function catalog_offers to {APP}")
    # The rows of all stores: their owner alone does not see them.
    op.execute(f"lock table {', '.join(TABLES)} in access exclusive mode")
    for table in TABLES:
        op.execute(f"alter table {table} no force row level security")
    op.execute(
        f"update variants v set offer = {OFFER.replace('x.', 'v.')} from products p"
        " where p.store_id = v.store_id and p.id = v.product_id"
    )
    for table in TABLES:
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Carts join again."""
    op.execute("drop function catalog_offers")
    op.drop_column("variants", "offer")
