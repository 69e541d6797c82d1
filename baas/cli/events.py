"""`baas events`: what the backend's own handlers failed on."""

from typing import Any, Final

import click
import msgspec

from baas.cli.common import json_option, opened, run, show, show_list
from baas.cli.places import store_scope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work import event_jobs
from baas.webhooks.schemas.events import StoredEvent
from baas.webhooks.service import events

MOST: Final = 1000
"""Dead events that are listed, and that one command retries."""


class DeadEvent(msgspec.Struct, frozen=True):
    """An event that nobody tries any more to let a handler hear."""

    store_id: str
    event_id: str
    handler: str
    attempts: int
    failed_at: str | None
    error_class: str | None
    error: str | None


@click.group("events", short_help="List and retry dead events.")
def events_group() -> None:
    """Events that handlers of the backend (an order that follows its payment, a message) failed on."""


@events_group.command("dead", epilog="Example: baas events dead")
@json_option
def dead(as_json: bool) -> None:
    """List the events of all stores that a handler failed on until nobody tried any more, those that died first first."""
    show_list(
        run(_dead),
        ["store_id", "event_id", "handler", "attempts", "failed_at", "error_class", "error"],
        as_json=as_json,
    )


async def _dead() -> list[DeadEvent]:
    async with (
        opened() as (runtime, _),
        runtime.database.relay(reason="command line: list the dead events of all stores") as system,
    ):
        found = await event_jobs.dead(system, MOST)
    return [
        DeadEvent(
            store_id=ids.encode(Kind.STORE, job.store_id),
            event_id=ids.encode(Kind.EVENT, job.event_id),
            handler=job.handler,
            attempts=job.attempts,
            failed_at=None if job.failed_at is None else clock.rfc3339(job.failed_at),
            error_class=job.error_class,
            error=job.error,
        )
        for job in found
    ]


@events_group.command("retry", epilog="Example: baas events retry casa-mate evt_01h…")
@click.argument("reference", metavar="STORE")
@click.argument("event_id", metavar="EVENT", required=False)
@click.option("--all", "everything", is_flag=True, help="All dead events of the store.")
@json_option
def retry(reference: str, event_id: str | None, everything: bool, as_json: bool) -> None:
    """Have the handlers that failed on an event try it again at once, and as often as at first.

    A worker does it within a second; `baas events dead` tells whether it failed again.
    """
    if everything == (event_id is not None):
        raise click.UsageError("Name an event, or say --all.")

    async def work() -> Any:
        async with opened() as (runtime, table):
            scope = await store_scope(runtime, table, reference)
            if event_id is not None:
                async with runtime.database.fast(scope) as store:
                    return await events.retry_event(store, ids.decode(Kind.EVENT, event_id))
            async with runtime.database.fast(scope) as store:
                return {"count": await events.retry_dead(store, MOST)}

    done = run(work)
    if not isinstance(done, StoredEvent) or as_json:
        show(done, as_json=as_json)
    else:
        show({"id": done.id, "type": done.type, "subject": done.subject}, as_json=False)
