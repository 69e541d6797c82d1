"""What every piece uses: one deployment, data made when first needed, and the way to compare."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import data, load
from benchmarks.deployment import API_PORT, Deployment, Process, Store
from benchmarks.report import Piece
from benchmarks.system import Watch, is_quiet, tree


@dataclass
class Options:
    """How thorough a run is."""

    seconds: float = 2.0
    """Of one sample."""
    rounds: int = 3
    mix_seconds: float = 300.0
    soak_seconds: float = 45.0
    big_store: int = 50_000
    before: Path | None = None
    """Another tree of this project, whose worker is measured in turns with this one's."""


@dataclass
class Sample:
    """One measurement of one side."""

    rate: float
    cpu_us: float
    errors: int = 0


Measure = Callable[[], Sample]


@dataclass
class Comparison:
    """The medians of both sides, measured in turns."""

    ours: Sample
    limit: Sample
    quiet: bool
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def by_cpu(self) -> float:
        """Our share of the limit's capacity: what one core could answer at most."""
        return self.limit.cpu_us / self.ours.cpu_us if self.ours.cpu_us else 0.0

    @property
    def by_rate(self) -> float:
        """Our share of the limit's rate."""
        return self.ours.rate / self.limit.rate if self.limit.rate else 0.0


class Bench:
    """One run of the benchmarks."""

    def __init__(self, deployment: Deployment, options: Options) -> None:
        self.deployment = deployment
        self.options = options

    @cached_property
    def stores(self) -> list[Store]:
        """100 stores with 1,000 products each."""
        stores = self.deployment.make_stores(100)
        data.fill(self.deployment, stores, 1000)
        return stores

    @cached_property
    def searched(self) -> dict[int, Store]:
        """A store with 1,000 products and a big one, in which a search finds equally many."""
        sizes = [1000, self.options.big_store]
        found = {size: self.deployment.make_store(f"Search {size}") for size in sizes}
        for size, store in found.items():
            data.fill(self.deployment, [store], size, searchable=True)
        return found

    @property
    def api(self) -> Process:
        """The API, started when needed."""
        return self.deployment.api or self.deployment.start_api()

    def file(self, name: str, content: bytes) -> Path:
        """A file for a process of this run."""
        path = self.deployment.folder / name
        path.write_bytes(content)
        path.chmod(0o644)
        return path

    def drive(self, process: Process, job: load.Job) -> Sample:
        """A load on a process: the rate of operations, and the CPU of its tree for each."""
        before = process.cpu()
        outcome = load.run(job)
        return self._sample(process, before, outcome)

    def drive_get(
        self, process: Process, port: int, path: str, headers: dict[str, str], expect: int = 200
    ) -> Sample:
        """The same with one address."""
        before = process.cpu()
        outcome = load.get(port, path, headers, seconds=self.options.seconds, expect=expect)
        return self._sample(process, before, outcome)

    @staticmethod
    def _sample(process: Process, before: float, outcome: load.Outcome) -> Sample:
        used = process.cpu() - before
        if outcome.errors:
            raise RuntimeError(f"Wrong answers: {outcome.errors} of {outcome.requests}: {outcome.notes}")
        if not outcome.operations:
            raise RuntimeError("Nothing was answered.")
        return Sample(outcome.rate, used / outcome.operations * 1e6)

    def compare(self, ours: Measure, limit: Measure, *, rounds: int | None = None) -> Comparison:
        """Warm both up, then measure them in turns and take the medians."""
        ours()
        limit()
        watch = Watch()
        pairs = [(ours(), limit()) for _ in range(rounds or self.options.rounds)]
        others = watch.others()
        return Comparison(
            _median([pair[0] for pair in pairs]),
            _median([pair[1] for pair in pairs]),
            is_quiet(others),
            {"samples": [[vars(side) for side in pair] for pair in pairs], **others},
        )

    def piece_by_cpu(self, name: str, found: Comparison, aim: float, note: str = "") -> Piece:
        """A piece whose ratio is one of CPU per request."""
        return Piece(
            piece=name,
            ours=found.ours.rate,
            unit="requests/s",
            aim=f">= {aim}",
            met=found.by_cpu >= aim,
            limit=found.limit.rate,
            ratio=found.by_cpu,
            cpu_us=found.ours.cpu_us,
            limit_cpu_us=found.limit.cpu_us,
            note=note,
            quiet=found.quiet,
            details={"aim_ratio": aim, **found.details},
        )

    def piece_by_rate(self, name: str, found: Comparison, aim: float, unit: str, note: str = "") -> Piece:
        """A piece whose ratio is one of rates: the limit is another program on the same core."""
        return Piece(
            piece=name,
            ours=found.ours.rate,
            unit=unit,
            aim=f">= {aim}",
            met=found.by_rate >= aim,
            limit=found.limit.rate,
            ratio=found.by_rate,
            cpu_us=found.ours.cpu_us,
            limit_cpu_us=found.limit.cpu_us,
            note=note,
            quiet=found.quiet,
            details={"aim_ratio": aim, "ratio_by_cpu": found.by_cpu, **found.details},
        )

    def get_job(self, port: int, targets: list[Any], *, base: str = "/api/v1", **more: Any) -> load.Job:
        """A job of reads."""
        return load.Job("get", port, seconds=self.options.seconds, base=base, targets=targets, **more)

    def own_job(self, kind: str, targets: list[Any], **more: Any) -> load.Job:
        """A job on the API."""
        more = {"seconds": self.options.seconds, **more}
        return load.Job(kind, API_PORT, targets=targets, **more)


def _median(samples: list[Sample]) -> Sample:
    return Sample(median(one.rate for one in samples), median(one.cpu_us for one in samples))


def server_process(process: Process) -> int:
    """The process that serves: the youngest of the server's tree that still has the application."""
    found = [pid for pid in tree(process.pid) if pid != process.pid]
    return max(found, default=process.pid, key=_memory)


def _memory(pid: int) -> float:
    from benchmarks.system import resident_megabytes

    try:
        return resident_megabytes(pid)
    except OSError:
        return 0.0
