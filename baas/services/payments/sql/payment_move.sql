-- payment_move: moves a payment to where its provider has it, and writes a line of its history.
--
-- Arguments
--   p_store, p_id            the store, and the payment
--   p_status                 the status that it gets
--   p_provider_status        the provider's own word for it
--   p_provider_payment_id    the provider's id, kept when there is none yet
--   p_amount_refunded        in minor units of the payment's currency
--   p_may_shrink             whether p_amount_refunded also counts when it is less than before
--   p_in_progress            whether the provider is still collecting
--   p_failure_code           why it failed; null when it did not
--   p_provider_updated_at    the moment of the provider's own change; an older one than known is not kept
--   p_now                    the moment, by the store's clock
--   p_history, p_outcome, p_from, p_source, p_request   the line of the history: its id, its outcome, the status before,
--                            what asked for the change, and the id of the request
-- Returns the payment's row after it; no row when there is no such payment. Raises nothing of its own.
create or replace function payment_move(
  p_store uuid, p_id uuid, p_status text, p_provider_status text, p_provider_payment_id text, p_amount_refunded bigint,
  p_may_shrink boolean, p_in_progress boolean, p_failure_code text, p_provider_updated_at timestamptz,
  p_now timestamptz, p_history uuid, p_outcome text, p_from text, p_source text, p_request text
) returns setof payments language plpgsql as $$
declare
  moved payments;
begin
  update payments x set
    status = p_status, provider_status = p_provider_status,
    provider_payment_id = coalesce(x.provider_payment_id, p_provider_payment_id),
    amount_refunded =
      case when p_may_shrink then p_amount_refunded else greatest(x.amount_refunded, p_amount_refunded) end,
    in_progress = p_in_progress, failure_code = p_failure_code,
    provider_updated_at = greatest(x.provider_updated_at, p_provider_updated_at), updated_at = p_now,
    paid_at = case when p_status = 'paid' then coalesce(x.paid_at, p_now) else x.paid_at end
  where x.store_id = p_store and x.id = p_id
  returning x.* into moved;
  if not found then
    return;
  end if;
  insert into payment_history
    (store_id, id, payment_id, outcome, from_status, to_status, provider_status, source, request_id, created_at)
  values
    (p_store, p_history, p_id, p_outcome, p_from, p_status, p_provider_status, p_source, p_request, p_now);
  return next moved;
end
$$;

revoke all on function payment_move from public;
grant execute on function payment_move to baas_app;
