"""The command `baas`."""

import os
from importlib import import_module
from typing import Final

import click

from baas import __version__
from baas.cli import common
from baas.core.observe import memory

_ELSEWHERE: Final = {
    "catalog": "catalog.catalog",
    "clock": "clock.clock_group",
    "dev": "bootstrap.dev",
    "doctor": "doctor.doctor",
    "encryption": "encryption.encryption",
    "flag": "stores.flag",
    "events": "events.events_group",
    "import": "imports.import_group",
    "key": "stores.key",
    "limit": "stores.limit",
    "migrate": "schema.migrate",
    "operator-key": "schema.operator_key",
    "payments": "payments.payments",
    "plan": "stores.plan",
    "roles": "schema.roles",
    "store": "stores.store",
    "webhook": "webhooks.webhook",
}
"""In which module of this package a command is."""


class _Commands(click.Group):
    """Loads a command when it is asked for: who starts the API need not wait for what the others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE and cmd_name not in self.commands:
            module, _, name = _ELSEWHERE[cmd_name].partition(".")
            self.add_command(getattr(import_module(f"baas.cli.{module}"), name), cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=common.EXIT_CODES
)
@click.version_option(__version__, prog_name="baas")
def main() -> None:
    """Run and operate a deployment of baas: many shops, one backend.

    Commands work on the deployment that the environment names (.env.example), or else on a running
    `baas dev`, found through BAAS_DATA_DIR (.baas unless set).
    """


@main.command("serve", short_help="Serve the API.", epilog="Example: baas serve --port 8000")
@click.option("--host", help="Address to listen on; BAAS_HOST unless given.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; BAAS_PORT unless given.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes; BAAS_WORKERS unless given.")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the API until SIGTERM. The database must be migrated (`baas migrate`)."""
    with memory.loading():
        from baas.cli.serve import serve as serve_api

    given = {"BAAS_HOST": host, "BAAS_PORT": port, "BAAS_WORKERS": workers}
    # The processes of the API read the settings again, each for itself.
    os.environ.update(common.environment())
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    serve_api(common.settings())


@main.command("worker", short_help="Run a worker.", epilog="Example: baas worker")
def worker() -> None:
    """Relay events, deliver webhooks and keep house, until SIGTERM. Run as many as you like."""
    with memory.loading():
        from baas.cli.work import work

    work(common.settings())
