"""`python -m benchmarks [PIECE…]`: measure, print the table, leave the JSON and the chart."""

import argparse
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Final, NoReturn

from benchmarks import report, system
from benchmarks.bench import Bench, Options
from benchmarks.deployment import Deployment
from benchmarks.pieces import PIECES

_INTERRUPTIONS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupted(number: int, _frame: object) -> NoReturn:
    """End this run in an orderly way: what it started is stopped on the way out."""
    raise SystemExit(128 + number)


def main() -> int:
    """Run the pieces that the arguments name, or all; 1 when one broke."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("pieces", nargs="*", metavar="PIECE", help=f"of: {', '.join(PIECES)}")
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="of one sample")
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument(
        "--mix-seconds", type=float, default=Options.mix_seconds, help="300 for the whole test"
    )
    parser.add_argument(
        "--soak-seconds", type=float, default=Options.soak_seconds, help="600 for the whole test"
    )
    parser.add_argument(
        "--before",
        type=Path,
        help="another tree of this project: its worker is measured in turns with this one's",
    )
    arguments = parser.parse_args()
    unknown = set(arguments.pieces) - set(PIECES)
    if unknown:
        parser.error(f"no such piece: {', '.join(unknown)}")
    options = Options(
        seconds=arguments.seconds,
        rounds=arguments.rounds,
        mix_seconds=arguments.mix_seconds,
        soak_seconds=arguments.soak_seconds,
        before=arguments.before,
    )
    found: list[report.Piece] = []
    broken = 0
    for number in _INTERRUPTIONS:
        signal.signal(number, _interrupted)
    deployment = Deployment()
    began = time.monotonic()
    try:
        deployment.start()
        bench = Bench(deployment, options)
        machine = system.describe() | deployment.versions()
        machine |= {
            "began": time.strftime("%Y-%m-%d %H:%M"),
            "options": {**vars(options), "before": str(options.before)},
        }
        machine["load_average_before"] = list(os.getloadavg())
        for name in arguments.pieces or PIECES:
            print(f"[{time.monotonic() - began:4.0f} s] {name} …", file=sys.stderr, flush=True)
            try:
                pieces = PIECES[name](bench)
            except Exception:
                traceback.print_exc()
                broken = 1
                continue
            found += pieces
            print(report.table(pieces), file=sys.stderr, flush=True)
    finally:
        # Whoever is impatient now would leave processes behind.
        for number in _INTERRUPTIONS:
            signal.signal(number, signal.SIG_IGN)
        deployment.stop()
    machine["seconds"] = round(time.monotonic() - began)
    name = "-".join(arguments.pieces) or "all"
    path = report.write(found, machine, f"{time.strftime('%Y%m%d-%H%M%S')}-{name}")
    print(report.table(found))
    print(f"\n{machine['cpu']}, {machine['cores']} cores, {machine['seconds']} s. {path}")
    return broken


if __name__ == "__main__":
    sys.exit(main())
