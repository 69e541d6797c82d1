"""What a worker makes of orders: paid ones, and their mails handed to a mail server."""

import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from baas.core.values import ids
from baas.core.values.ids import Kind
from benchmarks import data, load, mailsink
from benchmarks.bench import Bench
from benchmarks.deployment import MAIL_PORT, Deployment, Store
from benchmarks.report import Piece, median
from benchmarks.system import OTHER_CORE, SERVER_CORE, Watch, cpu_of, is_quiet, tree

_STORES = 8
ORDERS = 300
_MAILS_OF_AN_ORDER = 2
_PATIENCE = 180.0


@dataclass
class Round:
    """What became of one backlog."""

    rate: float
    cpu_us: float
    postgres_cpu_us: float
    problems: list[str]


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
    watch = Watch()
    rounds = [_round(bench, stores, ORDERS) for _ in range(bench.options.rounds)]
    deployment.stop_process(sink)
    for one in rounds:
        print(one)
    return [
        Piece(
            piece="orders brought to paid, mails sent",
            ours=median([one.rate for one in rounds]),
            unit="orders/s",
            aim="",
            met=not any(one.problems for one in rounds),
            cpu_us=median([one.cpu_us for one in rounds]),
            quiet=is_quiet(watch.others()),
            note=f"{'; '.join(problem for one in rounds for problem in one.problems)}",
        )
    ]


def _wait_for_sink() -> None:
    for _ in range(200):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", MAIL_PORT), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError("The mail server does not start.")


_LEFT = """
select (select count(*) from event_outbox) + (select count(*) from event_jobs)
  + (select count(*) from notifications where status = 'pending')
"""


def _round(bench: Bench, stores: list[Store], orders: int) -> Round:
    deployment = bench.deployment
    _set_mode(deployment, stores, "test")
    data.execute(deployment, "delete from event_outbox; delete from event_jobs")
    marker = ids.new_id()
    targets = [[store.publishable_key, store.variant_ids] for store in stores]
    outcome = load.run(bench.own_job("checkout", targets, seconds=120, connections=16, count=orders))
    if outcome.errors:
        raise RuntimeError(f"{outcome.errors} errors: {outcome.notes}")
    # Mail of a test store goes nowhere.
    _set_mode(deployment, stores, "live")
    mailsink.ask(MAIL_PORT)
    postgres = tree(deployment.postgres.pid or 0)
    waiting = data.count(deployment, _LEFT)
    process = deployment.start_worker(
        SERVER_CORE, BAAS_SMTP_URL=f"smtp://127.0.0.1:{MAIL_PORT}", BAAS_MAIL_FROM="shop@example.com"
    )
    began = used = used_there = 0.0
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        left = data.count(deployment, _LEFT)
        if not began and left != waiting:
            began, used = time.monotonic(), process.cpu()
            used_there = _postgres_cpu(deployment)
        if began and not left:
            break
        process.check()
        time.sleep(0.05)
    seconds = time.monotonic() - began
    used, used_there = process.cpu() - used, _postgres_cpu(deployment) - used_there
    deployment.stop_process(process)
    del postgres
    return Round(
        orders / seconds,
        used / orders * 1e6,
        used_there / orders * 1e6,
        _problems(deployment, marker, outcome.operations),
    )


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


def _problems(deployment: Deployment, marker: Any, orders: int) -> list[str]:
    """What of these orders is not as it has to be."""
    wanted = {
        "orders paid": ("select count(*) from orders where status = 'paid' and id > $1", orders),
        "events of orders paid": (
            "select count(distinct subject) from events where type = 'order.paid' and id > $1",
            orders,
        ),
        "events order.paid": ("select count(*) from events where type = 'order.paid' and id > $1", orders),
        "events notification.sent": (
            "select count(*) from events where type = 'notification.sent' and id > $1",
            orders * _MAILS_OF_AN_ORDER,
        ),
        "notifications sent at the first attempt": (
            "select count(*) from notifications where status = 'sent' and attempts = 1 and id > $1",
            orders * _MAILS_OF_AN_ORDER,
        ),
        "attempts": (
            "select count(*) from notification_attempts where outcome = 'sent' and id > $1",
            orders * _MAILS_OF_AN_ORDER,
        ),
        "jobs left": ("select count(*) from event_jobs where id > $1", 0),
    }
    problems = []
    for name, (sql, number) in wanted.items():
        found = data.count(deployment, sql, marker)
        if found != number:
            problems.append(f"{name}: {found} instead of {number}")
    arrived = Counter(mailsink.ask(MAIL_PORT)["ids"])
    if len(arrived) != orders * _MAILS_OF_AN_ORDER or set(arrived.values()) - {1}:
        problems.append(f"mails: {arrived.total()}, {len(arrived)} different")
    return problems
