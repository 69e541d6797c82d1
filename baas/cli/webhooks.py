"""`baas webhook`: look at deliveries as they happen, send them again, and bring events to a developer's machine."""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import click
import msgspec

from baas.assembly import EVENT_TYPES
from baas.cli.common import REFUSED, fail, json_option, opened, run, show
from baas.cli.duration import seconds
from baas.cli.places import store_scope
from baas.core.runtime import Runtime
from baas.core.scope import Mode, StoreScope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.webhooks import signing
from baas.webhooks.schemas.outbound import Delivery, DeliveryStatus, Replay, Replayed, ReplayOf
from baas.webhooks.service import deliveries, endpoints, events

EVERY: Final = 0.5
"""Seconds between two looks at the database."""
OVERLAP: Final = timedelta(seconds=10)
"""Each look goes back so far behind the one before: what has an earlier id may be committed later."""


@click.group("webhook", short_help="Replay, tail and forward webhooks.")
def webhook() -> None:
    """Events on their way to the systems of a store."""


@webhook.command(
    "replay", epilog="Example: baas webhook replay casa-mate we_01h… --since 2h --type 'order.*'"
)
@click.argument("reference", metavar="STORE")
@click.argument("endpoint_id", metavar="ENDPOINT")
@click.option("--since", required=True, help="How far back: 90, 30m, 24h, 7d.")
@click.option("--type", "types", multiple=True, help="Only these events (order.* or exact); repeatable.")
@click.option("--all", "everything", is_flag=True, help="Everything, not only what failed.")
@json_option
def replay(
    reference: str, endpoint_id: str, since: str, types: tuple[str, ...], everything: bool, as_json: bool
) -> None:
    """Send an endpoint again what failed, or everything, since a moment.

    Receivers see the same `webhook-id` as before: one that deduplicates drops what it had taken.
    """

    async def work() -> Replayed:
        async with opened() as (runtime, table):
            scope = await store_scope(runtime, table, reference)
            which = ReplayOf.ALL if everything else ReplayOf.FAILED
            start = clock.now(scope) - timedelta(seconds=seconds(since))
            endpoint, count = ids.decode(Kind.ENDPOINT, endpoint_id), 0
            while True:
                data = Replay(since=start, which=which, event_types=list(types) or None)
                async with runtime.database.store(scope) as session:
                    done = await deliveries.replay(session, runtime.event_types, endpoint, data)
                count += done.count
                if done.next_since is None:
                    return Replayed(count=count, next_since=None)
                start = msgspec.convert(done.next_since, type=type(start), strict=False)

    show(run(work), as_json=as_json)


@webhook.command("tail", epilog="Example: baas webhook tail casa-mate")
@click.argument("reference", metavar="STORE")
@click.option("--seconds", "limit", type=click.IntRange(1), help="Stop after so long; otherwise Ctrl-C does.")
@json_option
def tail(reference: str, limit: int | None, as_json: bool) -> None:
    """Follow the deliveries of a store as they happen, one line for each change of state."""

    async def work() -> None:
        async with opened() as (runtime, table):
            last = began = clock.now()
            scope = await store_scope(runtime, table, reference)
            known = {item.id: _state(item) for item in await _touched(runtime, scope, last - OVERLAP, ())}
            while limit is None or clock.now() - began < timedelta(seconds=limit):
                await asyncio.sleep(EVERY)
                since, last = last - OVERLAP, clock.now()
                scope = await store_scope(runtime, table, reference)
                waiting = [
                    identity for identity, (status, _) in known.items() if status is DeliveryStatus.PENDING
                ]
                found = await _touched(runtime, scope, since, waiting)
                for item in found:
                    if known.get(item.id) != _state(item):
                        _print_delivery(item, as_json=as_json)
                known = {item.id: _state(item) for item in found}

    _until_interrupted(work)


def _state(item: Delivery) -> tuple[DeliveryStatus, int]:
    return (item.status, item.attempts)


async def _touched(
    runtime: Runtime, scope: StoreScope, since: datetime, waiting: Iterable[str]
) -> list[Delivery]:
    async with runtime.database.fast(scope) as work:
        return await deliveries.touched(work, since, waiting)


def _print_delivery(item: Delivery, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(item).decode())
        return
    colour = {DeliveryStatus.DELIVERED: "green", DeliveryStatus.FAILED: "red"}.get(item.status, "yellow")
    status = click.style(f"{item.status.value:<9}", fg=colour)
    answer = str(item.response_status or "") or (item.error or "")
    click.echo(f"{status} {item.event_type:<24} {item.subject:<32} attempt {item.attempts}  {answer}"[:200])


@webhook.command(
    "forward", epilog="Example: baas webhook forward http://localhost:9000/hook --store casa-mate"
)
@click.argument("url")
@click.option("--store", "reference", required=True, help="A test store's id or slug.")
@click.option("--type", "types", multiple=True, default=("*",), help="Only these events; repeatable.")
@click.option("--secret", help="Sign with this secret (whsec_…) instead of one made for this run.")
@click.option("--seconds", "limit", type=click.IntRange(1), help="Stop after so long; otherwise Ctrl-C does.")
@json_option
def forward(
    url: str, reference: str, types: tuple[str, ...], secret: str | None, limit: int | None, as_json: bool
) -> None:
    """Forward a test store's new events to a developer's machine, signed like any webhook.

    Nothing is registered and nothing is retried: it is a line to watch while you write a receiver.
    """

    async def work() -> None:
        chosen = secret or signing.new_secret()
        key = signing.secret_key(chosen)
        patterns = endpoints.check_event_types(EVENT_TYPES, list(types), "type")
        async with opened() as (runtime, table), aiohttp.ClientSession(trust_env=False) as http:
            scope = await store_scope(runtime, table, reference)
            if scope.mode is not Mode.TEST:
                fail(REFUSED, "live_store", "Only a test store's events can be forwarded.")
            last = began = clock.now()
            seen = {event_id for event_id, _, _ in await _made_since(runtime, scope, last - OVERLAP)}
            _say(
                {"url": url, "secret": chosen}, f"Forwarding to {url}, signed with {chosen}", as_json=as_json
            )
            while limit is None or clock.now() - began < timedelta(seconds=limit):
                await asyncio.sleep(EVERY)
                since, last = last - OVERLAP, clock.now()
                made = await _made_since(runtime, scope, since)
                for event_id, event_type, body in made:
                    if event_id not in seen and any(_matches(pattern, event_type) for pattern in patterns):
                        answer = await _post(http, url, key, event_id, body)
                        line = {"id": event_id, "type": event_type, "answer": answer}
                        _say(line, f"{event_type:<24} {event_id}  {answer}", as_json=as_json)
                seen = {event_id for event_id, _, _ in made}

    _until_interrupted(work)


def _say(fields: dict[str, str], line: str, *, as_json: bool) -> None:
    """One line of what goes on: for programs, or for a person."""
    click.echo(msgspec.json.encode(fields).decode() if as_json else line)


async def _made_since(runtime: Runtime, scope: StoreScope, moment: datetime) -> list[tuple[str, str, bytes]]:
    async with runtime.database.fast(scope) as work:
        return await events.bodies_since(work, moment)


def _matches(pattern: str, event_type: str) -> bool:
    return pattern in {"*", event_type} or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))


async def _post(http: aiohttp.ClientSession, url: str, key: bytes, event_id: str, body: bytes) -> str:
    headers = signing.headers([key], event_id, int(time.time()), body) | {"content-type": "application/json"}
    try:
        timeout = aiohttp.ClientTimeout(total=15)
        async with http.post(
            url, data=body, headers=headers, allow_redirects=False, timeout=timeout
        ) as answer:
            return str(answer.status)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return f"{type(error).__name__}: {error}"[:120]


def _until_interrupted(work: Any) -> None:
    try:
        run(work)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
