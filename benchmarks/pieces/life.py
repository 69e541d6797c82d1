"""A process over its life: how it starts, what it holds, and how it bears a mixed load."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import data, load
from benchmarks.bench import Bench, server_process
from benchmarks.deployment import API_PORT, ROOT
from benchmarks.report import Piece, median
from benchmarks.system import CORES, Watch, is_quiet, pin, resident_megabytes

_PER_MINUTE = 100_000
_WHOLE_MIX, _WHOLE_SOAK = 300, 600
"""Seconds that these tests last when they are whole."""


def start(bench: Bench) -> list[Piece]:
    """From the command to the first answer."""
    deployment = bench.deployment
    watch = Watch()
    times = []
    for _ in range(3):
        deployment.stop_api()
        began = time.perf_counter()
        deployment.start_api()
        times.append(time.perf_counter() - began)
    serve = Piece(
        piece="start of baas serve",
        ours=median(times),
        unit="s",
        aim="<= 2 s",
        met=median(times) <= 2,
        quiet=is_quiet(watch.others()),
        details={"samples": times},
    )
    return [serve, _start_dev()]


def _start_dev() -> Piece:
    watch = Watch()
    folder = Path(tempfile.mkdtemp(prefix="baas-bench-dev-"))
    folder.chmod(0o711)
    try:
        times = [_one_dev(folder / "data") for _ in range(3)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = median(times[1:])
    return Piece(
        piece="start of baas dev on its folder",
        ours=seconds,
        unit="s",
        aim="<= 4 s",
        met=seconds <= 4,
        note=f"an empty folder took {times[0]:.1f} s",
        quiet=is_quiet(watch.others()),
        details={"samples": times},
    )


def _one_dev(folder: Path) -> float:
    """The seconds until `baas dev` says that it is ready."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAAS_")}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "baas", "dev", "--port", "0", "--json", "--data-dir", str(folder)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with contextlib.suppress(ProcessLookupError):
        pin(process.pid, set(CORES))
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    if not line.startswith(b"{"):
        raise RuntimeError("baas dev did not say that it is ready.")
    return seconds


# ------------------------------------------------------------------------------------------ the mix


def _mixed(bench: Bench) -> list[Any]:
    return [
        {
            "key": store.publishable_key,
            "variants": store.variant_ids[:20],
            "paths": [
                "/storefront/products?limit=20",
                *(f"/storefront/products/{product}" for product in store.product_ids[:9]),
            ],
        }
        for store in bench.stores
    ]


def _held(seconds: float, whole: int, option: str) -> str:
    """How long a test lasted, and that this was not all of it."""
    return f"{seconds:.0f} s" if seconds >= whole else f"{seconds:.0f} of {whole} s ({option} {whole})"


def mix(bench: Bench) -> list[Piece]:
    """90 % cached reads, 9 % cart writes and 1 % checkouts over 100 stores, at a fixed rate, with a worker."""
    api, targets = bench.api, _mixed(bench)
    worker = bench.deployment.start_worker()
    rate = _PER_MINUTE / 60
    load.run(bench.own_job("mix", targets, seconds=5, rate=rate / 2, connections=64))
    pieces = []
    for name, speed, seconds, whole, percentile, most in (
        ("mix at 100,000 a minute", rate, bench.options.mix_seconds, _WHOLE_MIX, "p95", 50.0),
        ("mix at half that load", rate / 2, min(60.0, bench.options.mix_seconds / 3), 0, "p99", 100.0),
    ):
        orders = data.count(bench.deployment, "select count(*) from orders")
        watch, before = Watch(), api.cpu()
        outcome = load.run(bench.own_job("mix", targets, seconds=seconds, rate=speed, connections=64, seed=7))
        used, others = api.cpu() - before, watch.others()
        made = data.count(bench.deployment, "select count(*) from orders") - orders
        counted = outcome.notes.get("orders", 0)
        reached = outcome.requests / outcome.seconds
        late = outcome.p95_ms if percentile == "p95" else outcome.p99_ms
        complete = reached >= speed * 0.97 and not outcome.errors and made == counted
        pieces.append(
            Piece(
                piece=name,
                ours=reached * 60,
                unit="requests/min",
                aim=f"no error, {percentile} < {most:.0f} ms",
                met=complete and late < most,
                limit=speed * 60,
                ratio=reached / speed,
                cpu_us=used / outcome.requests * 1e6,
                note=f"{_held(seconds, whole, '--mix-seconds')}, p50 {outcome.p50_ms} ms, p95 {outcome.p95_ms} ms, p99 {outcome.p99_ms} ms,"
                f" {outcome.errors} errors, {made} orders in the database of {counted} made",
                quiet=is_quiet(others),
                details={"notes": outcome.notes, **others},
            )
        )
    bench.deployment.stop_process(worker)
    return pieces


# ------------------------------------------------------------------------------------------ memory


def memory(bench: Bench) -> list[Piece]:
    """What an API process holds: just started, after 1,000 stores, and over a time of mixed load."""
    deployment = bench.deployment
    targets = _mixed(bench)
    deployment.stop_api()
    api = deployment.start_api()
    time.sleep(2)
    pid = server_process(api)
    idle = resident_megabytes(pid)
    parent = resident_megabytes(api.pid)
    stores = deployment.make_stores(1000)
    keys = [{"X-API-KEY": store.publishable_key} for store in stores]
    paths = ["/storefront/products?limit=20", "/storefront/store", "/storefront/categories"]
    reads = [[path, key] for path in paths for key in keys]
    outcome = load.run(load.Job("get", API_PORT, seconds=30, targets=reads, count=len(reads)))
    # The stores with products as well, list and pages.
    full = [[path, {"X-API-KEY": target["key"]}] for target in targets for path in target["paths"]]
    outcome2 = load.run(load.Job("get", API_PORT, seconds=30, targets=full, count=len(full)))
    active = resident_megabytes(pid)
    # Three times the same load: the first lets pools, caches and the allocator find their size.
    third = bench.options.soak_seconds / 3
    held = []
    for _ in range(3):
        load.run(bench.own_job("mix", targets, seconds=third, rate=_PER_MINUTE / 120, connections=64))
        held.append(resident_megabytes(pid))
    errors = outcome.errors + outcome2.errors
    growth = held[2] - held[1]
    return [
        Piece(
            piece="memory, idle",
            ours=idle,
            unit="MB",
            aim="< 120",
            met=idle < 120,
            note=f"the serving process; the one that watches it holds {parent:.0f} MB",
        ),
        Piece(
            piece="memory, 1,000 stores active",
            ours=active,
            unit="MB",
            aim="< 250",
            met=active < 250 and not errors,
            note=f"{outcome.requests + outcome2.requests} reads, {errors} errors",
        ),
        Piece(
            piece="memory, growth under load",
            ours=growth,
            unit="MB",
            aim="flat (< 5)",
            met=growth < 5,
            note=f"{_held(bench.options.soak_seconds, _WHOLE_SOAK, '--soak-seconds')} of half the mix; after each third: "
            + ", ".join(f"{value:.0f} MB" for value in held),
            details={"held": held},
        ),
    ]
