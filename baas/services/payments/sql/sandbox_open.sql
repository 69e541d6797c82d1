-- sandbox_open: opens a payment in the books of the sandbox provider.
--
-- Arguments, each named after the column of sandbox_payments that it fills
--   p_store, p_id      the store, and the payment's id
--   p_token            what the hosted page of the payment is reached by
--   p_status           created, in_review, approved or rejected
--   p_amount           in minor units of p_currency
--   p_now              the moment, by the store's clock
-- Returns nothing, so that it can be sent with what follows (D-071). Raises nothing of its own.
create or replace function sandbox_open(
  p_store uuid, p_id uuid, p_token text, p_status text, p_amount bigint, p_currency text, p_description text,
  p_return_url text, p_now timestamptz
) returns void language plpgsql as $$
begin
  insert into sandbox_payments (store_id, id, token, status, amount, currency, description, return_url, updated_at)
  values (p_store, p_id, p_token, p_status, p_amount, p_currency, p_description, p_return_url, p_now);
end
$$;

revoke all on function sandbox_open from public;
grant execute on function sandbox_open to baas_app;
