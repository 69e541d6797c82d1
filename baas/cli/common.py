"""What the commands share: finding the deployment, asking before destroying, printing, exit codes.

`baas dev` and `baas serve` run over this as well and want to start quickly, so what a command needs for its work
alone (the database, the tables of rich) is loaded when it works.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import parse_qs, urlsplit

import click
import msgspec

from baas.cli import devstate
from baas.core.errors import AppError, NotFound
from baas.core.observe.redact import redact_text
from baas.core.scope import Caller, CallerKind
from baas.core.settings import Settings, SettingsError, load_settings
from baas.core.values import ids
from baas.core.values.ids import Kind

if TYPE_CHECKING:
    from baas.core.runtime import Runtime
    from baas.tenants.door.keys import KeyTable
    from baas.tenants.operators import Operator

CALLER: Final = Caller(CallerKind.OPERATOR, "command-line")
"""Who the audit log says it was."""
REFUSED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
UNREACHABLE: Final = 4
EXIT_CODES: Final = (
    "Exit codes: 0 done · 1 refused, or a problem was found · 2 wrong usage or settings · "
    "3 no such object · 4 the database or Redis does not answer"
)
_SETTINGS: Final = "BAAS_DATABASE_URL"
_ROLES: Final = ("BAAS_DATABASE_RELAY_URL", "BAAS_DATABASE_AUTH_URL", "BAAS_DATABASE_OPERATOR_URL")


_NO_ENTRY: Final = ("28", "3D")
"""PostgreSQL's classes for: a wrong role or password, no such database."""
_OTHER_SCHEMA: Final = {"42P01", "42703", "42883", "42501"}
"""No such table, column or function; no right to it."""


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a command: its own, or that of a running `baas dev` when it names no deployment.

    The URL of a server that `baas dev` was given to work on is no deployment: the roles have URLs of their own.
    """
    found = dict(environ)
    if not (_names(found, _SETTINGS) and any(_names(found, name) for name in _ROLES)):
        state = devstate.find_for(found)
        if state is not None and _is_its_server(found.get(_SETTINGS), state.prepared.database_url):
            return state.prepared.over(found)
    return found


def _names(environ: Mapping[str, str], name: str) -> bool:
    """Whether a variable is given, itself or by a file."""
    return bool(environ.get(name) or environ.get(f"{name}_FILE"))


def _is_its_server(url: str | None, dev_url: str) -> bool:
    return not url or _place(url) == _place(dev_url)


def _place(url: str) -> tuple[str, dict[str, list[str]]]:
    """Host and port, or where the Unix socket is."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2], parse_qs(parts.query)


def settings() -> Settings:
    """The settings of the deployment that this command works on; exits with USAGE when there are none."""
    found = environment()
    if not _names(found, _SETTINGS):
        fail(
            USAGE,
            "no_deployment",
            "No deployment found: set BAAS_DATABASE_URL and the rest (.env.example), or start `baas dev` "
            "and name its folder with BAAS_DATA_DIR (.baas unless set).",
        )
    try:
        return load_settings(found)
    except SettingsError as error:
        fail(USAGE, "settings", str(error))


def fail(status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> NoReturn:
    """End the command with a reason, as JSON when `--json` was asked for."""
    context = click.get_current_context(silent=True)
    if context is not None and context.params.get("as_json"):
        click.echo(
            json.dumps({"error": {"code": code, "message": message, "details": dict(details or {})}}),
            err=True,
        )
    else:
        click.echo(f"Error: {message}", err=True)
    sys.exit(status)


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run the asynchronous part of a command; refusals and outages become messages and exit codes."""
    from baas.core.db import is_outage, sqlstate
    from baas.core.observe.logging import configure_logging

    configure_logging("WARNING", json=False)
    try:
        return asyncio.run(_await(work))
    except NotFound as error:
        fail(NOT_FOUND, error.code, error.message, error.details)
    except AppError as error:
        fail(REFUSED, error.code, error.message, error.details)
    except Exception as error:
        state = sqlstate(error) or ""
        if isinstance(error, OSError) or is_outage(error) or state.startswith(_NO_ENTRY):
            said = f"The database does not answer: {error}. `baas doctor` tells more."
            fail(UNREACHABLE, "unreachable", redact_text(said))
        if state in _OTHER_SCHEMA:
            fail(REFUSED, "schema", "The schema of the database is not this code's. Run `baas migrate`.")
        raise


async def _await(work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()


@asynccontextmanager
async def opened() -> AsyncIterator[tuple["Runtime", "KeyTable"]]:
    """The deployment, connected; changes to stores are announced to its running processes."""
    from baas.assembly import close_runtime, open_runtime
    from baas.core.redis.client import redis_client
    from baas.tenants.door.keys import KeyTable, StoreNews

    runtime = open_runtime(settings())
    table = KeyTable(runtime.database, runtime.settings.secret)
    news = StoreNews(runtime.redis, redis_client(runtime.settings.redis_url), table)
    try:
        await runtime.database.open()
        runtime.database.signals.on_store_changed = news.announce
        yield runtime, table
    finally:
        await news.close()
        await close_runtime(runtime)


def operate(verb: Callable[["Operator"], Awaitable[Any]], reason: str) -> Any:
    """Run one of the operator's verbs and answer its result."""
    from baas.tenants.operators import Operator

    async def work() -> Any:
        async with opened() as (runtime, table):
            request_id = ids.encode(Kind.REQUEST, ids.new_id())
            async with runtime.database.operator(reason=f"command line: {reason}") as system:
                return await verb(Operator(system, table, CALLER, request_id))

    return run(work)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before destroying; without a terminal `--yes` is needed, so that no script destroys by accident."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(USAGE, "confirmation_needed", f"{question} Repeat the command with --yes.")
    click.confirm(question, abort=True, err=True)


def show(value: Any, *, as_json: bool) -> None:
    """Print one thing: JSON for programs, names and values for people."""
    plain = msgspec.to_builtins(value)
    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    for name, item in _flat(plain):
        click.echo(f"{name:<20} {item}")


def show_list(values: Sequence[Any], columns: Sequence[str], *, as_json: bool) -> None:
    """Print a list: JSON for programs, a table of the named columns for people."""
    plain = [msgspec.to_builtins(value) for value in values]
    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in plain:
        # As text: square brackets in a shop's name are no markup.
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    # Into a pipe or a file, rows are never folded: somebody searches in them.
    width = None if sys.stdout.isatty() else 10_000
    Console(width=width).print(table if plain else "Nothing there yet.")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    # Stores choose their names; what steers a terminal must not reach the operator's.
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, item in value.items():
        if isinstance(item, dict) and item:
            rows += _flat(item, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", _cell(item)))
    return rows


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
