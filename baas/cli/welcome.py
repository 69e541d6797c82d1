"""What `baas dev` shows a person when everything runs: where, with which keys, and the way to a first order."""

from rich.console import Console

from baas.cli.devstate import DevState
from baas.simulators.serve import KINDS

_FIRST_ORDER = """\
API={base_url}/api/v1 KEY={publishable_key}
field() {{ python3 -c "import json, sys; print(json.load(sys.stdin)['data']$1)"; }}
VARIANT=$(curl -s "$API/storefront/products?q=mate&in_stock=true&limit=1" -H "X-API-KEY: $KEY" | field "[0]['variants'][0]['id']")
CART=$(curl -s "$API/storefront/carts" -H "X-API-KEY: $KEY" -H 'Content-Type: application/json' \\
  -d '{{"items": [{{"variant_id": "'$VARIANT'", "quantity": 2}}]}}' | field "['id']")
URL=$(curl -s "$API/storefront/carts/$CART/checkout" -H "X-API-KEY: $KEY" -H 'Content-Type: application/json' \\
  -d '{{"provider": "sandbox", "email": "you@example.com", "shipping_address": {{"name": "Ana Ruiz",
       "line1": "Calle Mayor 1", "city": "Rosario", "postal_code": "S2000", "country": "AR"}}}}' \\
  | field "['payment']['next_action']['url']")
curl -s "$URL" -d outcome=approved -o /dev/null; sleep 1
curl -s "$API/admin/orders?limit=1" -H 'X-API-KEY: {secret_key}'"""


def first_order(state: DevState) -> str:
    """Lines for a shell that end with a paid order of the demo store."""
    return _FIRST_ORDER.format(
        base_url=state.base_url,
        publishable_key=state.prepared.publishable_key,
        secret_key=state.prepared.secret_key,
    )


def welcome(state: DevState, console: Console | None = None) -> None:
    """Print the addresses, the keys and the lines of `first_order`."""
    console = console or Console()
    prepared = state.prepared
    console.print("\n[bold green]baas runs.[/] Ctrl-C stops it.\n")
    for name, value in (
        ("API", f"{state.base_url}/api/v1"),
        ("Documentation", f"{state.base_url}/docs"),
        *(
            (kind.title, f"{prepared.environment.get(kind.setting, '')} (simulator)")
            for kind in KINDS.values()
        ),
        ("PostgreSQL", prepared.database_url),
        ("Redis", state.redis_url),
        ("Data and logs", state.data_dir),
        ("Demo store", prepared.store_id),
        ("Publishable key", prepared.publishable_key),
        ("Secret key", prepared.secret_key),
        ("Operator key", prepared.operator_key),
    ):
        # Never broken over two lines: they are there to be copied.
        console.print(f"  {name:<17}{value}", markup=False, highlight=False, soft_wrap=True)
    console.print("\n[bold]A first order, to paste into another terminal:[/]\n")
    console.print(first_order(state), markup=False, highlight=False, soft_wrap=True)
    console.print()
