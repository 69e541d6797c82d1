"""What a cart or an order needs to know of a variant is one derived column, and not a join of three tables.

A trigger makes it wherever a product's document is written, from the same rows and in the same transaction.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

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
# Whoever writes a document does it, the API of the release before included.
DERIVE = f"""
create function catalog_derive_offers() returns trigger language plpgsql as $$
begin
  update variants v set offer = n.offer
  from (
    select x.id, {OFFER.strip()} as offer
    from variants x cross join (select new.*) p
    where x.store_id = new.store_id and x.product_id = new.id offset 0
  ) n
  where v.store_id = new.store_id and v.id = n.id and v.offer::text <> n.offer::text;
  return null;
end
$$
"""
TRIGGER = """
create trigger derive_offers after update of document on products
for each row execute function catalog_derive_offers()
"""


def upgrade() -> None:
    """Add the column, and fill it for the variants that there are."""
    op.add_column("variants", sa.Column("offer", JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.execute(DERIVE)
    op.execute("revoke execute on function catalog_derive_offers from public")
    op.execute(TRIGGER)
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
    op.execute("drop trigger derive_offers on products")
    op.execute("drop function catalog_derive_offers")
    op.drop_column("variants", "offer")
