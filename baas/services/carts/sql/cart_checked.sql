-- cart_checked: returns a cart that was changed, or refuses the change.
--
-- It refuses by raising, so that nothing of the change stays: a change may be the only statement of its transaction
-- (D-047).
--
-- Arguments
--   c              the cart's row
--   p_checked      variants whose stock has to cover their lines; null for none
--   p_most_lines   the largest number of lines
--   p_most_worth   the largest sum of price times quantity, in minor units
-- Returns the cart as JSON (cart_json).
-- Raises BS002 when a variant is short of stock, with the detail [{"variant_id", "asked", "available"}];
-- BS003 for too many lines; BS004 for too much worth.
create or replace function cart_checked(c carts, p_checked uuid[], p_most_lines bigint, p_most_worth bigint)
returns text language plpgsql as $$
declare
  counted bigint;
  worth double precision;
  lines json;
  short json;
begin
  select
    count(*), coalesce(sum(l.price * l.quantity::double precision), 0), json_agg(l.line),
    json_agg(json_build_object(
      'variant_id', l.variant_id, 'asked', l.quantity, 'available', case when l.is_active then l.available else 0 end
    )) filter (
      where l.variant_id = any(p_checked) and (not l.is_active or l.limited and l.available < l.quantity)
    )
  into counted, worth, lines, short
  from cart_lines(c.store_id, c.id) l;
  if short is not null then
    raise exception 'short of stock' using errcode = 'BS002', detail = short::text;
  elsif counted > p_most_lines then
    raise exception 'too many lines' using errcode = 'BS003';
  elsif worth > p_most_worth then
    raise exception 'worth too much' using errcode = 'BS004';
  end if;
  return cart_json(c, lines);
end
$$;

revoke all on function cart_checked from public;
grant execute on function cart_checked to baas_app;
