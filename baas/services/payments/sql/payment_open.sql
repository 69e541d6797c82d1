-- payment_open: writes a new payment and the first lines of its history.
--
-- A payment may arrive where its provider already has it (D-072), so its status and what goes with it are given.
--
-- Arguments, each named after the column of payments that it fills; p_amount in minor units of p_currency
--   p_store, p_id … p_paid_at   columns of payments
--   p_step_id, p_step_outcome, p_step_from, p_step_to   for each line of the history its id, its outcome, and the
--                               statuses before (null for the first) and after it
--   p_request                   the id of the request that opens it
--   p_now                       the moment, by the store's clock
--   p_even_disabled             whether it is written although the store has disabled the provider
-- Returns nothing, so that it can be sent with what follows (D-071).
-- Raises BS006 when the store has disabled the provider.
create or replace function payment_open(
  p_store uuid, p_id uuid, p_order_id uuid, p_provider text, p_provider_payment_id text, p_provider_session text,
  p_provider_status text, p_in_progress boolean, p_amount bigint, p_currency text, p_reference text,
  p_description text, p_payer_email text, p_return_url text, p_next_action jsonb, p_metadata jsonb, p_options jsonb,
  p_opened_at timestamptz, p_status text, p_failure_code text, p_provider_updated_at timestamptz,
  p_paid_at timestamptz, p_step_id uuid[], p_step_outcome text[], p_step_from text[], p_step_to text[],
  p_request text, p_now timestamptz, p_even_disabled boolean
) returns void language plpgsql as $$
begin
  if not p_even_disabled and exists (
    select from payment_provider_accounts a where a.store_id = p_store and a.provider = p_provider and not a.enabled
  ) then
    raise exception 'provider disabled' using errcode = 'BS006';
  end if;
  insert into payments (
    store_id, id, order_id, provider, provider_payment_id, provider_session, status, provider_status, in_progress,
    amount, currency, reference, description, payer_email, return_url, next_action, failure_code, metadata, options,
    opened_at, provider_updated_at, created_at, updated_at, paid_at
  ) values (
    p_store, p_id, p_order_id, p_provider, p_provider_payment_id, p_provider_session, p_status, p_provider_status,
    p_in_progress, p_amount, p_currency, p_reference, p_description, p_payer_email, p_return_url, p_next_action,
    p_failure_code, p_metadata, p_options, p_opened_at, p_provider_updated_at, p_now, p_now, p_paid_at
  );
  insert into payment_history
    (store_id, id, payment_id, outcome, from_status, to_status, provider_status, source, request_id, created_at)
  select p_store, unnest(p_step_id), p_id, unnest(p_step_outcome), unnest(p_step_from), unnest(p_step_to),
    p_provider_status, 'create', p_request, p_now;
end
$$;

revoke all on function payment_open from public;
grant execute on function payment_open to baas_app;
