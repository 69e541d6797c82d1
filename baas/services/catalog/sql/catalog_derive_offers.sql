-- catalog_derive_offers: derives what carts and orders need to know of a variant, `variants.offer` (D-073).
--
-- The trigger derive_offers calls it for each product whose document was written. Whoever writes a document does it,
-- the API of the release before included.
--
-- The offer is a JSON array in the order of the Python struct Sellable: id, product, product's name, variant's name,
-- SKU, price and compare-at price in minor units, weight in grams, requires shipping, taxable, kind, address of the
-- picture, is for sale. Others read `offer ->> 12`, so it only ever grows at its end.
--
-- Returns null, as a trigger after the change does. Raises nothing of its own.
create or replace function catalog_derive_offers() returns trigger language plpgsql as $$
begin
  update variants v set offer = n.offer
  from (
    select x.id, json_build_array(
      x.id, x.product_id, p.name, x.name, x.sku, x.price, x.compare_at_price, x.weight_grams, x.requires_shipping,
      x.taxable, x.kind,
      (select i.url from product_images i where i.store_id = x.store_id and i.product_id = x.product_id
       order by (i.id = x.image_id) desc nulls last, i.position, i.id limit 1),
      p.status = 'active'
    ) as offer
    from variants x cross join (select new.*) p
    where x.store_id = new.store_id and x.product_id = new.id offset 0
  ) n
  where v.store_id = new.store_id and v.id = n.id and v.offer::text <> n.offer::text;
  return null;
end
$$;

revoke all on function catalog_derive_offers from public;
