"""What a worker makes of orders: paid ones, and their mails handed to a mail server."""

import asyncio
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import asyncpg

from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.notifications import policy
from baas.worker import Worker
from benchmarks import data, load, mailsink
from benchmarks.bench import Bench
from benchmarks.deployment import MAIL_PORT, ROOT, Deployment, Process, Store
from benchmarks.load import ADDRESS
from benchmarks.recording import Caller, record_worker
from benchmarks.report import Piece, median
from benchmarks.statements import Script, pgbench, started_number
from benchmarks.system import OTHER_CORE, SERVER_CORE, Watch, cpu_of, is_quiet, tree

_STORES = 8
ORDERS = 1500
_WARM = 64
_MAILS_OF_AN_ORDER = 2
_BATCH = 16
"""Orders of one store whose work the limit commits together, as the worker does under load."""
_CLIENTS = 16
_PATIENCE = 240.0


@dataclass
class Round:
    """What became of one backlog."""

    rate: float
    cpu_us: float
    postgres_cpu_us: float
    problems: list[str] = field(default_factory=list)


def worker(bench: Bench) -> list[Piece]:
    """A backlog of orders whose payments were approved, one worker on a core of its own, everything else on the other."""
    deployment = bench.deployment
    sink = deployment.start_process(
        "mailsink", [sys.executable, "-m", "benchmarks.mailsink", str(MAIL_PORT)], deployment.environment(), OTHER_CORE
    )  # fmt: skip
    _wait_for_sink()
    _ = bench.api
    stores = deployment.make_stores(_STORES, notifications_per_month=-1)
    data.fill(deployment, stores, 100)
    data.execute(deployment, "create table bench_outbox (like event_outbox)")
    limit = _Limit(deployment, stores)
    before = bench.options.before
    watch = Watch()
    limits, rounds, former = [limit.run()], [], []
    for _ in range(bench.options.rounds):
        if before is not None:
            former.append(_round(bench, stores, ORDERS // 5, before))
        rounds.append(_round(bench, stores, ORDERS, ROOT))
        limits.append(limit.run())
    deployment.stop_process(sink)
    quiet = is_quiet(watch.others())
    # Of each round by itself, the limit before and after it: a machine that others use changes its pace meanwhile.
    ratio = median(
        [
            2 * one.rate / (low.rate + high.rate)
            for one, (low, high) in zip(rounds, pairwise(limits), strict=True)
        ]
    )
    # What a core each could do at most: a busy machine gives sixteen processes of the limit more than one worker.
    by_cpu = median([one.postgres_cpu_us for one in limits]) / median(
        [max(one.cpu_us, one.postgres_cpu_us) for one in rounds]
    )
    problems = [problem for one in (*rounds, *former) for problem in one.problems]
    pieces = [
        Piece(
            piece="orders brought to paid, mails sent",
            ours=median([one.rate for one in rounds]),
            unit="orders/s",
            aim=">= 0.3",
            met=max(ratio, by_cpu) >= 0.3 and not problems,
            limit=median([one.rate for one in limits]),
            ratio=ratio,
            cpu_us=median([one.cpu_us for one in rounds]),
            limit_cpu_us=median([one.postgres_cpu_us for one in limits]),
            quiet=quiet,
            note=f"{ORDERS} orders of {_STORES} stores in each round; PostgreSQL "
            f"{median([one.postgres_cpu_us for one in rounds]):,.0f} us for each; the limit commits the statements of "
            f"{_BATCH} orders at a time, {limit.script.statements / _BATCH:.1f} for each; by CPU the ratio is {by_cpu:.2f}"
            + "".join(f"; {problem}" for problem in problems),
            details={"aim_ratio": 0.3, "ratio_by_cpu": by_cpu, "samples": [vars(one) for one in rounds],
                     "limits": [vars(one) for one in limits]},
        )
    ]  # fmt: skip
    if former:
        cpu_us = median([one.cpu_us for one in former])
        pieces.append(
            Piece(
                piece="the same by the code of before",
                ours=median([one.rate for one in former]),
                unit="orders/s",
                aim="",
                met=not any(one.problems for one in former),
                cpu_us=cpu_us,
                quiet=quiet,
                note=f"in turns with the code of now, which takes 1/{cpu_us / (pieces[0].cpu_us or 1):.1f} of its CPU and is "
                f"{pieces[0].ours / median([one.rate for one in former]):.1f} times as fast; PostgreSQL "
                f"{median([one.postgres_cpu_us for one in former]):,.0f} us",
                details={"samples": [vars(one) for one in former]},
            )
        )
    return pieces


def _wait_for_sink() -> None:
    for _ in range(200):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", MAIL_PORT), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError("The mail server does not start.")


# ------------------------------------------------------------------------------------------------ ours

_IS_LEFT = """
select exists (select from event_outbox) or exists (select from event_jobs)
  or exists (select from notifications where status = 'pending')
"""


def _round(bench: Bench, stores: list[Store], orders: int, code: Path) -> Round:
    """Let a worker of this code, which has started and warmed up, find a backlog."""
    deployment = bench.deployment
    data.execute(deployment, "delete from event_outbox; delete from event_jobs")
    marker = _place(bench, stores, orders)
    data.execute(
        deployment,
        "with moved as (delete from event_outbox returning *) insert into bench_outbox select * from moved",
    )
    _place(bench, stores, _WARM)
    _set_mode(deployment, stores, "live")  # mail of a test store goes nowhere
    process = deployment.start_worker(
        SERVER_CORE,
        code=code,
        BAAS_SMTP_URL=f"smtp://127.0.0.1:{MAIL_PORT}",
        BAAS_MAIL_FROM="shop@example.com",
    )
    try:
        _wait_until_done(deployment, process)
        mailsink.ask(MAIL_PORT)
        used, used_there = process.cpu(), _postgres_cpu(deployment)
        data.execute(
            deployment,
            "with moved as (delete from bench_outbox returning *) insert into event_outbox select * from moved",
        )
        began = time.monotonic()
        ended = _wait_until_done(deployment, process)
        used, used_there = process.cpu() - used, _postgres_cpu(deployment) - used_there
    finally:
        deployment.stop_process(process)
        _set_mode(deployment, stores, "test")
    return Round(
        orders / (ended - began),
        used / orders * 1e6,
        used_there / orders * 1e6,
        _problems(deployment, marker, orders),
    )


def _place(bench: Bench, stores: list[Store], orders: int) -> UUID:
    """Let the API take so many orders; answers an id that is older than theirs."""
    marker = ids.new_id()
    targets = [[store.publishable_key, store.variant_ids] for store in stores]
    outcome = load.run(bench.own_job("checkout", targets, seconds=300, connections=16, count=orders))
    if outcome.errors:
        raise RuntimeError(f"{outcome.errors} errors: {outcome.notes}")
    return marker


def _wait_until_done(deployment: Deployment, process: Process) -> float:
    """Wait until nothing is left to do; answers the moment."""
    end = time.monotonic() + _PATIENCE
    with asyncio.Runner() as runner:
        # One connection for all questions: to make one costs PostgreSQL more than an order.
        connection = runner.run(asyncpg.connect(deployment.admin_url))
        while time.monotonic() < end and runner.run(connection.fetchval(_IS_LEFT)):
            process.check()
            time.sleep(0.1)
        runner.run(connection.close())
    return time.monotonic()


def _postgres_cpu(deployment: Deployment) -> float:
    return cpu_of(tree(deployment.postgres.pid or 0), ended_children=True)


def _set_mode(deployment: Deployment, stores: list[Store], mode: str) -> None:
    data.execute(
        deployment,
        "update stores set mode = $1 where id = any ($2::uuid[])",
        mode,
        [ids.decode(Kind.STORE, store.id) for store in stores],
    )
    time.sleep(1)  # what a process knows of a store is believed for 0.85 s


def _problems(deployment: Deployment, marker: UUID, orders: int) -> list[str]:
    """What of these orders is not as it has to be. Those that warmed the worker up are newer by their ids."""
    mails = orders * _MAILS_OF_AN_ORDER
    these = "(select id from orders where id > $1 order by id limit $2)"
    everything = orders + _WARM
    wanted = {
        "orders paid": (f"select count(*) from orders where status = 'paid' and id in {these}", orders),
        "orders told of": (
            "select count(distinct subject) from events where type = 'order.paid' and id > $1 and $2 > 0",
            everything,
        ),
        "events order.paid": (
            "select count(*) from events where type = 'order.paid' and id > $1 and $2 > 0",
            everything,
        ),
        "events notification.sent": (
            "select count(*) from events where type = 'notification.sent' and id > $1 and $2 > 0",
            everything * _MAILS_OF_AN_ORDER,
        ),
        "notifications sent": (
            "select count(*) from notifications where status = 'sent' and id > $1 and $2 > 0",
            everything * _MAILS_OF_AN_ORDER,
        ),
        "attempts": (
            "select count(*) from notification_attempts where outcome = 'sent' and id > $1 and $2 > 0",
            everything * _MAILS_OF_AN_ORDER,
        ),
    }
    problems = []
    for name, (sql, number) in wanted.items():
        found = data.count(deployment, sql, marker, orders)
        if found != number:
            problems.append(f"{name}: {found} instead of {number}")
    arrived = Counter(mailsink.ask(MAIL_PORT)["ids"])
    if len(arrived) != mails or set(arrived.values()) - {1}:
        problems.append(f"mails: {arrived.total()}, {len(arrived)} different, instead of {mails}")
    return problems


# ------------------------------------------------------------------------------------------------ the limit


class _Limit:
    """The worker's statements, committed by pgbench for orders that it has placed itself."""

    def __init__(self, deployment: Deployment, stores: list[Store]) -> None:
        async def flow(call: Caller, number: int) -> None:
            store = stores[number]
            key = store.publishable_key
            for variant in range(_BATCH):
                item = {"variant_id": store.variant_ids[variant], "quantity": 1}
                cart = await call("POST", "/storefront/carts", key, {"items": [item]}, 201)
                order = {"email": "ana@example.com", "provider": "sandbox", "sandbox_token": "approved",
                         "shipping_address": ADDRESS}  # fmt: skip
                await call("POST", f"/storefront/carts/{cart['id']}/checkout", key, order, 201)

        async def drain(worker: Worker) -> None:
            left = True
            while left:
                left = False
                for name in ("relay", "jobs", "notifications"):
                    left |= bool(await worker.loops[name].drain_once())

        self._deployment = deployment
        with _one_batch():
            placed, followed = record_worker(deployment, flow, drain, _STORES)
        self._orders = Script(placed)
        self.script = Script(followed, after=self._orders)

    def run(self, each: int = 6) -> Round:
        """Place orders, and commit what a worker commits for them; only that is measured."""
        deployment, started = self._deployment, started_number()
        data.execute(deployment, "delete from event_outbox; delete from event_jobs")
        pgbench(deployment, self._orders, each=each, started=started)
        done = pgbench(deployment, self.script, each=each, started=started, role=None)
        data.execute(deployment, "delete from event_outbox; delete from event_jobs")
        data.execute(deployment, "delete from notifications where status = 'pending'")
        if done.transactions != each * _CLIENTS:
            raise RuntimeError(f"The limit ended after {done.transactions} of {each * _CLIENTS} rounds.")
        return Round(done.rate * _BATCH, 0.0, done.postgres_cpu_us / _BATCH)


@contextmanager
def _one_batch() -> Iterator[None]:
    """The messages of a batch of orders are claimed at once, as under load."""
    before = policy.PER_STORE, policy.TOTAL
    policy.PER_STORE = policy.TOTAL = _BATCH * _MAILS_OF_AN_ORDER  # type: ignore[misc]  # for the recording alone
    try:
        yield
    finally:
        policy.PER_STORE, policy.TOTAL = before  # type: ignore[misc]  # as it was
