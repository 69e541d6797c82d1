"""Deliveries: one worker against a bare loop of the same HTTP client, and how long an event is under way."""

import json
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from typing import Any

from baas.core.values import ids
from baas.core.values.ids import Kind
from benchmarks import data, load
from benchmarks.bench import Bench
from benchmarks.deployment import API_PORT, RECEIVER_PORT, Store
from benchmarks.report import Piece, median
from benchmarks.system import OTHER_CORE, SERVER_CORE, Watch, is_quiet, pin

EVENTS = 6000
_STORES = 4
"""With an endpoint each: a worker sends at most 32 at once to one endpoint."""
_ROUNDS = 5
"""A round is over within a second, so there are more of them than of other pieces."""


def deliveries(bench: Bench) -> list[Piece]:
    """Deliveries of a backlog; then single events, to an idle worker and to one at half that rate."""
    deployment = bench.deployment
    receiver = deployment.start_process(
        "receiver", [sys.executable, "-m", "benchmarks.receiver", str(RECEIVER_PORT)], deployment.environment(), OTHER_CORE
    )  # fmt: skip
    receiver.wait_for(RECEIVER_PORT, "/health")
    _ = bench.api
    stores = [deployment.make_store(f"Receiver {number}") for number in range(_STORES)]
    for store in stores:
        body = {"url": f"http://127.0.0.1:{RECEIVER_PORT}/hook", "event_types": ["custom.*"]}
        deployment.call("POST", "/admin/webhook-endpoints", key=store.secret_key, body=body, expect=201)
    data.execute(deployment, "delete from event_outbox")
    watch = Watch()
    _bare(bench)
    # Of each round by itself, the limit before and after it: a machine that others use changes its pace meanwhile.
    limits, rounds = [_bare(bench)], []
    for _ in range(max(bench.options.rounds, _ROUNDS)):
        rounds.append(_backlog(bench, stores))
        limits.append(_bare(bench))
    rate = median([ours[0] for ours in rounds])
    cpu_us = median([ours[1] for ours in rounds])
    delivered = min(ours[2] for ours in rounds)
    bare = {name: median([limit[name] for limit in limits]) for name in ("rate", "cpu_us")}
    ratio = median(
        [
            2 * ours[0] / (before["rate"] + after["rate"])
            for ours, (before, after) in zip(rounds, pairwise(limits), strict=True)
        ]
    )
    pieces = [
        Piece(
            piece="webhook deliveries of one worker",
            ours=rate,
            unit="deliveries/s",
            aim=">= 0.5",
            met=ratio >= 0.5 and delivered == EVENTS,
            limit=bare["rate"],
            ratio=ratio,
            cpu_us=cpu_us,
            limit_cpu_us=bare["cpu_us"],
            note=f"{delivered} of {EVENTS} delivered in each round, {_STORES} endpoints; the ratio is the rounds' median",
            quiet=is_quiet(watch.others()),
            details={"aim_ratio": 0.5, "samples": rounds, "limits": limits},
        )
    ]
    worker = deployment.start_worker(SERVER_CORE)
    time.sleep(3)
    for name, pace, aim in (("idle", 0.0, 50.0), ("at half that rate", rate / 2, None)):
        watch = Watch()
        found = _delays(bench, stores[0], pace, stores[1:])
        p50, p99 = found["p50_ms"], found["p99_ms"]
        pieces.append(
            Piece(
                piece=f"commit to first byte, {name}",
                ours=p50,
                unit="ms (median)",
                aim="< 50 ms" if aim else "",
                met=p50 < (aim or float("inf")) and found["missing"] == 0,
                note=f"99th percentile {p99:.1f} ms, {found['count']} events, {found['missing']} missing",
                quiet=is_quiet(watch.others()),
                details=found,
            )
        )
    deployment.stop_process(worker)
    deployment.stop_process(receiver)
    return pieces


def _backlog(bench: Bench, stores: list[Store]) -> tuple[float, float, int]:
    """Deliveries a second of a worker that finds EVENTS waiting, from its first to its last."""
    deployment = bench.deployment
    targets = [[store.secret_key, {"number": 1, "text": "x" * 700}] for store in stores]
    load.run(load.Job("publish", API_PORT, seconds=60, targets=targets, count=EVENTS))
    _ask("reset")
    worker = deployment.start_worker(SERVER_CORE)
    samples: list[tuple[float, int, float]] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        count = int(_ask("count"))
        samples.append((time.monotonic(), count, worker.cpu()))
        if count >= EVENTS:
            break
        time.sleep(0.1)
    times = json.loads(_ask("times"))
    deployment.stop_process(worker)
    if len(times) < 100:
        raise RuntimeError(f"Only {len(times)} deliveries arrived.")
    # From the tenth to the last-but-nine of a hundred: the worker's start is another piece's matter.
    low, high = len(times) // 10, len(times) * 9 // 10
    rate = (high - low) / (times[high] - times[low])
    begun = next(one for one in samples if one[1] > 0)
    cpu_us = (samples[-1][2] - begun[2]) / max(samples[-1][1] - begun[1], 1) * 1e6
    return rate, cpu_us, len(set(json.loads(_ask("ids"))))


def _bare(bench: Bench) -> dict[str, Any]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmarks.sender",
            "bare",
            str(RECEIVER_PORT),
            str(EVENTS),
            str(32 * _STORES),
        ],
        stdout=subprocess.PIPE,
    )
    pin(process.pid, SERVER_CORE)
    del bench
    found: dict[str, Any] = json.loads(process.communicate(timeout=60)[0])
    return found


def _delays(bench: Bench, store: Store, pace: float, busy: list[Store]) -> dict[str, Any]:
    """Commit events one by one in a process beside, and compare with when their first bytes arrived."""
    deployment = bench.deployment
    _ask("reset")
    command = [sys.executable, "-m", "benchmarks.sender", "commit", ids.decode(Kind.STORE, store.id).hex]
    command += [str(pace), *(ids.decode(Kind.STORE, one.id).hex for one in busy)]
    process = subprocess.run(
        command, env=deployment.environment(), stdout=subprocess.PIPE, check=True, timeout=120
    )
    committed: dict[str, float] = json.loads(process.stdout)
    deadline = time.monotonic() + 20
    arrived: dict[str, float] = {}
    while time.monotonic() < deadline:
        arrived = json.loads(_ask("arrivals"))
        if all(event in arrived for event in committed):
            break
        time.sleep(0.2)
    waits = sorted(
        (arrived[event] - moment) * 1000 for event, moment in committed.items() if event in arrived
    )
    return {
        "p50_ms": waits[len(waits) // 2],
        "p99_ms": waits[min(int(len(waits) * 0.99), len(waits) - 1)],
        "count": len(committed),
        "missing": len(committed) - len(waits),
    }


def _ask(what: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{RECEIVER_PORT}/{what}", timeout=10) as answer:
        body: bytes = answer.read()
    return body
