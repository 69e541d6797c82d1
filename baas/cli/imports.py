"""`baas import`: bring a catalogue in from a file."""

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from baas.cli.common import REFUSED, json_option, opened, run
from baas.cli.places import store_scope
from baas.services.imports.schemas import Import, Outcome, Result
from baas.services.imports.service import import_file


@click.group("import", short_help="Bring a catalogue in from a file.")
def import_group() -> None:
    """Bring a catalogue in from a file of another system."""


@import_group.command("shopify", epilog="Example: baas import shopify products_export.csv --store casa-mate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--store", "reference", required=True, help="The store's id or slug.")
@click.option(
    "--report", is_flag=True, help="Print a line for each product, not only for those with problems."
)
@json_option
def shopify(file: Path, reference: str, report: bool, as_json: bool) -> None:
    """Import a Shopify product export (CSV in UTF-8, old or new column names).

    Products are found by their handle: run it again and what is unchanged is skipped. A product is taken
    whole or not at all. Exit code 1: some products were refused; the lines say which and why.
    """
    results: list[Result] = []
    done: Import = run(lambda: _import(file, reference, results, quiet=as_json))
    if as_json:
        plain = msgspec.to_builtins(done) | {"products": msgspec.to_builtins(results)}
        click.echo(msgspec.json.encode(plain).decode())
    else:
        _print(done, results, report=report)
    if done.failed:
        raise SystemExit(REFUSED)


async def _import(file: Path, reference: str, results: list[Result], *, quiet: bool) -> Import:
    async with opened() as (runtime, table):
        scope = await store_scope(runtime, table, reference)
        console = Console(stderr=True, quiet=quiet)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(file.name, total=None)

            def progress(rows: int, total: int, result: Result) -> None:
                results.append(result)
                bar.update(task, completed=rows, total=total)

            return await import_file(runtime.database, scope, file, progress)


def _print(done: Import, results: list[Result], *, report: bool) -> None:
    for result in results:
        if report or result.problems or result.outcome is Outcome.FAILED:
            click.echo(f"row {result.row:<6} {result.outcome.value:<8} {result.handle}")
        for problem in result.problems:
            click.echo(f"  row {problem.row:<4} {problem.code}: {problem.message}")
    counts: dict[str, Any] = {
        name: getattr(done, name) for name in ("created", "updated", "skipped", "failed", "rows")
    }
    click.echo(", ".join(f"{value} {name}" for name, value in counts.items()))
