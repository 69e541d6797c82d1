-- derive_offers: whenever a product's document is written, its variants' offers are derived anew, in the same
-- transaction (catalog_derive_offers, D-073).
create or replace trigger derive_offers after update of document on products
for each row execute function catalog_derive_offers();
