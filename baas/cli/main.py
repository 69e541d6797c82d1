"""The command `baas`."""

import os

import click

from baas import __version__
from baas.cli import common
from baas.cli.bootstrap import prepare
from baas.cli.clock import clock_group
from baas.cli.dev import dev_command
from baas.cli.doctor import doctor
from baas.cli.encryption import encryption
from baas.cli.imports import import_group
from baas.cli.payments import payments
from baas.cli.schema import migrate, operator_key, roles
from baas.cli.stores import flag, key, limit, plan, store
from baas.cli.webhooks import webhook


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=common.EXIT_CODES)
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
    from baas.cli.serve import serve as serve_api

    given = {"BAAS_HOST": host, "BAAS_PORT": port, "BAAS_WORKERS": workers}
    # The processes of the API read the settings again, each for itself.
    os.environ.update(common.environment())
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    serve_api(common.settings())


@main.command("worker", short_help="Run a worker.", epilog="Example: baas worker")
def worker() -> None:
    """Relay events, deliver webhooks and keep house, until SIGTERM. Run as many as you like."""
    from baas.cli.serve import work

    work(common.settings())


for command in (
    clock_group,
    dev_command(prepare),
    doctor,
    encryption,
    flag,
    import_group,
    key,
    limit,
    migrate,
    operator_key,
    payments,
    plan,
    roles,
    store,
    webhook,
):
    main.add_command(command)
