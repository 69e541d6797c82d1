"""What writes an order, its payment and their events answers nothing, so that it can be asked for all at once.

An order's number is taken with its stock; a payment may arrive where its provider already has it.

Revision ID: 0021
Revises: 0020
"""

from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.policies import APP

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BEFORE: Any = import_module("migrations.versions.0012_fewer_statements")
OUTBOX: Any = import_module("migrations.versions.0016_event_outbox")

LEVEL = (
    "json_build_array(level.variant_id, level.on_hand, level.reserved, level.policy, level.tracked, level.low_stock_at,"
    " level.updated_at)"
)

FUNCTIONS = {
    "inventory_reserve": f"""
create function inventory_reserve(
  p_store uuid, p_order uuid, p_variants uuid[], p_quantities bigint[], p_movements uuid[], p_until timestamptz,
  p_now timestamptz
) returns text language plpgsql as $$
-- The variants come sorted and without doubles. All lines are granted and their levels answered, or nothing changes
-- and those that are short are answered: granted, and for each what was asked and its level. What is not tracked is
-- not answered at all.
declare
  granted boolean := true; asked bigint; level inventory_levels; lines json[] := '{{}}';
begin
  if cardinality(p_variants) > 1 then
    -- All or nothing: every row is locked, in the caller's order, before the first one changes.
    for i in 1 .. cardinality(p_variants) loop
      select l.* into level from inventory_levels l
      where l.store_id = p_store and l.variant_id = p_variants[i] for no key update;
      if found and level.tracked and level.policy = 'deny'
         and level.on_hand - level.reserved < p_quantities[i] then
        granted := false;
        lines := lines || json_build_array(p_quantities[i], {LEVEL});
      end if;
    end loop;
    if not granted then
      return json_build_array(granted, lines)::text;
    end if;
  end if;
  for i in 1 .. cardinality(p_variants) loop
    asked := p_quantities[i];
    update inventory_levels l set reserved = l.reserved + asked, updated_at = p_now
    where l.store_id = p_store and l.variant_id = p_variants[i]
      and l.tracked and (l.policy = 'continue' or l.on_hand - l.reserved >= asked)
    returning l.* into level;
    if not found then
      select l.* into level from inventory_levels l
      where l.store_id = p_store and l.variant_id = p_variants[i] and l.tracked;
      if found then
        granted := false;
        lines := lines || json_build_array(asked, {LEVEL});
      end if;
      continue;
    end if;
    insert into inventory_reservations as r
      (store_id, order_id, variant_id, quantity, status, expires_at, created_at)
    values (p_store, p_order, p_variants[i], asked, 'held', p_until, p_now)
    on conflict (store_id, order_id, variant_id) do update
      set quantity = excluded.quantity, status = 'held', expires_at = excluded.expires_at
      where r.status in ('lapsed', 'released');
    if not found then
      raise exception 'order % already holds variant %', p_order, p_variants[i] using errcode = 'unique_violation';
    end if;
    insert into inventory_movements
      (store_id, id, variant_id, reason, on_hand_change, reserved_change, order_id, created_at)
    values (p_store, p_movements[i], p_variants[i], 'reserved', 0, asked, p_order, p_now);
    lines := lines || json_build_array(asked, {LEVEL});
  end loop;
  return json_build_array(granted, lines)::text;
end
$$
""",
    "order_number": """
create function order_number(p_store uuid) returns bigint language plpgsql as $$
-- From here to the commit, the store's other orders wait.
declare
  number bigint;
begin
  insert into order_counters as c (store_id, last_number) values (p_store, 1001)
  on conflict (store_id) do update set last_number = c.last_number + 1
  returning c.last_number into number;
  return number;
end
$$
""",
    "order_place": f"""
create function order_place(p_number bigint, {BEFORE.ORDER_ARGUMENTS}) returns void language plpgsql as $$
begin
  insert into orders (store_id, id, number, updated_at, {", ".join(BEFORE.ORDER)})
  values (p_store, p_order, p_number, p_placed_at, {BEFORE._named(BEFORE.ORDER)});
  for i in 1 .. cardinality(p_item_id) loop
    insert into order_items (store_id, order_id, position, {", ".join(BEFORE.ITEM)})
    values (p_store, p_order, i, {BEFORE._named(BEFORE.ITEM, "p_item_", "[i]")});
  end loop;
  insert into order_transitions
    (store_id, id, order_id, from_status, to_status, actor_kind, actor_id, request_id, created_at)
  select p_store, unnest(p_step_id), p_order, unnest(p_step_from), unnest(p_step_to), p_actor_kind, p_actor_id,
    p_request, p_placed_at;
end
$$
""",
    "sandbox_open": """
create function sandbox_open(
  p_store uuid, p_id uuid, p_token text, p_status text, p_amount bigint, p_currency text, p_description text,
  p_return_url text, p_now timestamptz
) returns void language plpgsql as $$
begin
  insert into sandbox_payments (store_id, id, token, status, amount, currency, description, return_url, updated_at)
  values (p_store, p_id, p_token, p_status, p_amount, p_currency, p_description, p_return_url, p_now);
end
$$
""",
    "payment_open": f"""
create function payment_open(
  p_store uuid, {BEFORE.PAYMENT_ARGUMENTS}, p_status text, p_failure_code text, p_provider_updated_at timestamptz,
  p_paid_at timestamptz, p_step_id uuid[], p_step_outcome text[], p_step_from text[], p_step_to text[],
  p_request text, p_now timestamptz, p_even_disabled boolean
) returns void language plpgsql as $$
begin
  if not p_even_disabled and exists (
    select from payment_provider_accounts a where a.store_id = p_store and a.provider = p_provider and not a.enabled
  ) then
    raise exception 'provider disabled' using errcode = 'BS006';
  end if;
  insert into payments
    (store_id, status, failure_code, provider_updated_at, paid_at, created_at, updated_at, {", ".join(BEFORE.PAYMENT)})
  values
    (p_store, p_status, p_failure_code, p_provider_updated_at, p_paid_at, p_now, p_now, {BEFORE._named(BEFORE.PAYMENT)});
  insert into payment_history
    (store_id, id, payment_id, outcome, from_status, to_status, provider_status, source, request_id, created_at)
  select p_store, unnest(p_step_id), p_id, unnest(p_step_outcome), unnest(p_step_from), unnest(p_step_to),
    p_provider_status, 'create', p_request, p_now;
end
$$
""",
}


# The same to its caller.
EVENTS_WRITE = """
create function events_write(
  p_store uuid, p_request text, p_version text, p_ids uuid[], p_types text[], p_subjects text[], p_heads text[],
  p_tails text[], p_times timestamptz[]
) returns void language plpgsql as $$
-- They come sorted by their subjects, each of which is counted on once.
declare
  first integer := 1; run integer; last bigint; sequences bigint[] := '{}';
begin
  while first <= cardinality(p_ids) loop
    run := 1;
    while p_subjects[first + run] = p_subjects[first] loop
      run := run + 1;
    end loop;
    insert into event_subjects as s (store_id, subject, last_sequence) values (p_store, p_subjects[first], run)
    on conflict (store_id, subject) do update set last_sequence = s.last_sequence + excluded.last_sequence
    returning s.last_sequence into last;
    for sequence in last - run + 1 .. last loop
      sequences := sequences || sequence::bigint;
    end loop;
    first := first + run;
  end loop;
  insert into events (store_id, id, type, subject, sequence, body, request_id, api_version, created_at)
  select p_store, e.id, e.type, e.subject, e.sequence, e.head || e.sequence || e.tail, p_request, p_version, e.moment
  from (
    select unnest(p_ids) as id, unnest(p_types) as type, unnest(p_subjects) as subject, unnest(sequences) as sequence,
      unnest(p_heads) as head, unnest(p_tails) as tail, unnest(p_times) as moment
  ) e;
  insert into event_outbox (store_id, subject, sequence, id, type, created_at)
  select p_store, unnest(p_subjects), unnest(sequences), unnest(p_ids), unnest(p_types), unnest(p_times);
end
$$
"""


def upgrade() -> None:
    """Beside the former ones, which have other arguments and which the API of the release before calls until it is replaced."""
    for name, definition in FUNCTIONS.items():
        op.execute(definition)
        signature = _signature(name)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {APP}")
    op.execute(EVENTS_WRITE.replace("create function", "create or replace function", 1))


def downgrade() -> None:
    """The former ones are still there."""
    for name in FUNCTIONS:
        op.execute(f"drop function {_signature(name)}")
    op.execute(OUTBOX.EVENTS_WRITE.replace("create function", "create or replace function", 1))


def _signature(name: str) -> str:
    """The function of this name that was made last."""
    found = op.get_bind().execute(
        sa.text(
            f"select oid::regprocedure::text from pg_proc where proname = '{name}' order by oid desc limit 1"
        )
    )
    signature: str = found.scalar_one()
    return signature
