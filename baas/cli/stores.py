"""`baas store`, `baas key`, `baas plan`, `baas limit`, `baas flag`: the operator's verbs on the command line."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import click

from baas.cli.common import confirm, json_option, operate, show, show_list, yes_option
from baas.cli.duration import seconds
from baas.core.errors import ValidationFailed
from baas.core.scope import Mode
from baas.core.serving.decoding import to_struct
from baas.tenants import operators
from baas.tenants.plans import LIMITS, PLANS, UNLIMITED, flag_of, limit_of
from baas.tenants.schemas import CreateApiKey, CreateStore, KeyKind, RotateApiKey, StoreOut

MAX_LIMIT: Final = 10**7
"""The largest limit that a store can be given, as over HTTP."""


@click.group("store", short_help="Create, list, show, activate and deactivate stores.")
def store() -> None:
    """The client shops of this deployment."""


@store.command(
    "create", epilog="Example: baas store create 'Casa Mate' --currency ARS --country AR --mode test"
)
@click.argument("name")
@click.option("--domain", help="Where the shop is, such as casamate.example.")
@click.option("--slug", help="A short name for the command line; made from NAME when absent.")
@click.option("--plan", default="free", show_default=True, help=f"One of {', '.join(PLANS)}.")
@click.option("--currency", required=True, help="ISO 4217, such as ARS.")
@click.option("--country", required=True, help="ISO 3166-1 alpha-2, such as AR.")
@click.option("--locale", default="en", show_default=True, help="Such as es-AR.")
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), default="test", show_default=True)
@click.option(
    "--origin", "origins", multiple=True, help="An origin whose pages may call the storefront; repeatable."
)
@json_option
def create(as_json: bool, origins: tuple[str, ...], **fields: Any) -> None:
    """Create a store with a secret and a publishable key, which are shown this once."""
    given = {name: value for name, value in fields.items() if value is not None}

    async def verb(operator: operators.Operator) -> Any:
        data = to_struct({**given, "allowed_origins": list(origins)}, CreateStore)
        return await operators.create_store(operator, data)

    show(operate(verb, "create a store"), as_json=as_json)
    if not as_json:
        click.echo("\nThe keys are shown this once: keep them now.")


@store.command("list", epilog="Example: baas store list --json")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@json_option
def list_(limit: int, as_json: bool) -> None:
    """List the stores, newest first."""
    found = operate(lambda operator: operators.list_stores(operator, limit=limit), "list stores")
    show_list(found, ["id", "slug", "name", "mode", "plan", "currency", "is_active"], as_json=as_json)


@store.command("show", epilog="Example: baas store show casa-mate")
@click.argument("reference", metavar="STORE")
@json_option
def show_(reference: str, as_json: bool) -> None:
    """Show a store, named by its id or slug."""
    show(operate(lambda operator: operators.find_store(operator, reference), "show a store"), as_json=as_json)


@store.command("activate", epilog="Example: baas store activate casa-mate")
@click.argument("reference", metavar="STORE")
@json_option
def activate(reference: str, as_json: bool) -> None:
    """Let a store's keys work again."""
    verb = operate(
        lambda operator: operators.set_active(operator, reference, active=True), "activate a store"
    )
    show(verb, as_json=as_json)


@store.command("deactivate", epilog="Example: baas store deactivate casa-mate --yes")
@click.argument("reference", metavar="STORE")
@yes_option
@json_option
def deactivate(reference: str, yes: bool, as_json: bool) -> None:
    """Refuse all keys of a store, in every process within one second. Nothing is deleted."""
    confirm(f"Deactivate {reference}? Its shop stops selling at once.", yes=yes)
    verb = operate(
        lambda operator: operators.set_active(operator, reference, active=False), "deactivate a store"
    )
    show(verb, as_json=as_json)


def _length(_context: click.Context, _option: click.Parameter, text: str) -> int:
    try:
        return seconds(text)
    except ValidationFailed as refusal:
        raise click.BadParameter(refusal.message) from None


@click.group("key", short_help="Create, list, rotate and revoke API keys.")
def key() -> None:
    """The API keys of a store."""


@key.command(
    "create", epilog="Example: baas key create casa-mate --kind secret --name 'ERP' --scope orders:read"
)
@click.argument("reference", metavar="STORE")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in KeyKind]), default="secret", show_default=True
)
@click.option("--name", default="made on the command line", show_default=True)
@click.option("--scope", "scopes", multiple=True, help="What the key may do; repeatable. All unless given.")
@click.option("--expires-in-days", type=click.IntRange(1, 3650))
@json_option
def create_key(
    reference: str, kind: str, name: str, scopes: tuple[str, ...], expires_in_days: int | None, as_json: bool
) -> None:
    """Create a key for a store; it is shown this once."""
    body = {"kind": kind, "name": name, "scopes": list(scopes) or None, "expires_in_days": expires_in_days}

    async def verb(operator: operators.Operator) -> Any:
        return await operators.create_key(operator, reference, to_struct(body, CreateApiKey))

    show(operate(verb, "create a key"), as_json=as_json)


@key.command("list", epilog="Example: baas key list casa-mate")
@click.argument("reference", metavar="STORE")
@json_option
def list_keys(reference: str, as_json: bool) -> None:
    """List the keys of a store, newest first."""
    found = operate(lambda operator: operators.list_keys(operator, reference), "list keys")
    columns = [
        "id",
        "kind",
        "name",
        "prefix",
        "last_four",
        "scopes",
        "expires_at",
        "revoked_at",
        "last_used_at",
    ]
    show_list(found, columns, as_json=as_json)


@key.command("rotate", epilog="Example: baas key rotate key_01h… --grace 24h")
@click.argument("key_id")
@click.option(
    "--grace",
    default="0",
    show_default=True,
    callback=_length,
    help="How long the old key works on: 90, 30m, 24h, 7d.",
)
@yes_option
@json_option
def rotate(key_id: str, grace: int, yes: bool, as_json: bool) -> None:
    """Make a key with the same rights and end the old one, at once or after the grace."""
    if grace == 0:
        confirm(f"End {key_id} at once? Whoever still uses it is refused.", yes=yes)

    async def verb(operator: operators.Operator) -> Any:
        return await operators.rotate_key(operator, key_id, to_struct({"grace_seconds": grace}, RotateApiKey))

    show(operate(verb, "rotate a key"), as_json=as_json)


@key.command("revoke", epilog="Example: baas key revoke key_01h… --yes")
@click.argument("key_id")
@yes_option
@json_option
def revoke(key_id: str, yes: bool, as_json: bool) -> None:
    """End a key at once, in every process within one second."""
    confirm(f"Revoke {key_id}? Whoever still uses it is refused.", yes=yes)
    show(operate(lambda operator: operators.revoke_key(operator, key_id), "revoke a key"), as_json=as_json)


@click.group("plan", short_help="Move a store to another plan.")
def plan() -> None:
    """What the plans allow is in docs/operate.md."""


@plan.command("set", epilog="Example: baas plan set casa-mate pro")
@click.argument("reference", metavar="STORE")
@click.argument("plan_name", metavar="PLAN")
@json_option
def set_plan(reference: str, plan_name: str, as_json: bool) -> None:
    """Move a store to a plan; in force within one second."""
    show(
        operate(lambda operator: operators.set_plan(operator, reference, plan_name), "set a plan"),
        as_json=as_json,
    )


def _limit(_context: click.Context, _argument: click.Parameter, text: str) -> int:
    if text == "unlimited":
        return UNLIMITED
    if not text.isascii() or not text.isdigit() or int(text) > MAX_LIMIT:
        raise click.BadParameter(f"is a whole number up to {MAX_LIMIT}, or the word unlimited")
    return int(text)


@dataclass(frozen=True)
class _Override:
    """Something that a plan says and a store may say otherwise."""

    noun: str
    plural: str
    about: str
    example: str
    set_help: str
    unset_help: str
    list_help: str
    value: Callable[[Any], Any]
    """The click decorator of the parameter `value`."""
    put: Callable[[operators.Operator, str, str, Any], Awaitable[StoreOut]]
    """Sets it, or takes it back when the value is None."""
    rows: Callable[[StoreOut], list[dict[str, Any]]]
    columns: list[str]


def _overrides(kind: _Override) -> click.Group:
    """The commands `set`, `unset` and `list` of what a store may say otherwise than its plan."""
    group = click.Group(
        kind.noun, help=kind.about, short_help=f"Set, unset and list {kind.plural} of a store."
    )
    of_store = click.argument("reference", metavar="STORE")
    named = click.argument("name")

    @group.command(
        "set", help=kind.set_help, epilog=f"Example: baas {kind.noun} set casa-mate {kind.example}"
    )
    @of_store
    @named
    @kind.value
    @json_option
    def put(reference: str, name: str, value: Any, as_json: bool) -> None:
        changed = operate(lambda operator: kind.put(operator, reference, name, value), f"set a {kind.noun}")
        show(changed, as_json=as_json)

    name_of_example = kind.example.partition(" ")[0]

    @group.command(
        "unset", help=kind.unset_help, epilog=f"Example: baas {kind.noun} unset casa-mate {name_of_example}"
    )
    @of_store
    @named
    @json_option
    def unset(reference: str, name: str, as_json: bool) -> None:
        changed = operate(lambda operator: kind.put(operator, reference, name, None), f"unset a {kind.noun}")
        show(changed, as_json=as_json)

    @group.command("list", help=kind.list_help, epilog=f"Example: baas {kind.noun} list casa-mate")
    @of_store
    @json_option
    def listed(reference: str, as_json: bool) -> None:
        found = operate(lambda operator: operators.find_store(operator, reference), f"list {kind.plural}")
        show_list(kind.rows(found), kind.columns, as_json=as_json)

    return group


def _limits_of(found: StoreOut) -> list[dict[str, Any]]:
    return [
        {
            "limit": name,
            "value": None if (value := limit_of(found, name)) == UNLIMITED else value,
            "from": "store" if name in found.limits else "plan",
            "of": LIMITS[name],
        }
        for name in LIMITS
    ]


def _flags_of(found: StoreOut) -> list[dict[str, Any]]:
    return [
        {"flag": name, "enabled": flag_of(found, name), "from": "store" if name in found.flags else "plan"}
        for name in sorted(PLANS[found.plan].flags.keys() | found.flags.keys())
    ]


limit = _overrides(
    _Override(
        noun="limit",
        plural="limits",
        about="Limits: a store's own number, or its plan's.",
        example="products 250",
        set_help="Override a limit of the plan for a store; in force within one second.",
        unset_help="Go back to the plan's limit.",
        list_help="List the limits of a store: its plan's, and its own overrides.",
        value=click.argument("value", metavar="NUMBER|unlimited", callback=_limit),
        put=operators.set_limit,
        rows=_limits_of,
        columns=["limit", "value", "from", "of"],
    )
)
flag = _overrides(
    _Override(
        noun="flag",
        plural="feature flags",
        about="Feature flags: a store's own word, or its plan's default.",
        example="new-checkout --off",
        set_help="Switch a feature on or off for a store.",
        unset_help="Go back to the plan's default for a feature.",
        list_help="List the features of a store: its plan's defaults and its own overrides.",
        value=click.option("--on/--off", "value", default=True, show_default=True),
        put=operators.set_flag,
        rows=_flags_of,
        columns=["flag", "enabled", "from"],
    )
)
