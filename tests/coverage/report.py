"""What `make coverage` measured, in words: `python -m tests.coverage.report`. Fails below the floors.

Every line that no test ran is listed. Forms of lines that cannot run are excluded in pyproject.toml; a file of which much
is not run is named below, with the reason. What remains in the others are branches for the failures of strangers
(a provider, a mail server, the kernel) that no stand-in shows, and refusals that a stricter layer before them makes.
"""

import io
import sys
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "coverage"
FLOORS = {"baas": 90.0, "baas/services": 95.0}
"""The least share of lines that tests run, in percent, by folder."""

FILE_FLOOR = 85.0
"""The same for each file, but for these."""
REASONS = {
    "baas/core/embedded/accounts.py": "needs root and a machine without the accounts that it makes",
    "baas/core/embedded/processes.py": "the guard's own program runs without the virtual environment",
    "baas/simulators/mercadopago/api.py": "answers for what only their own SDKs send, which stand beside the project",
    "baas/simulators/stripe/api.py": "the same",
}


def main() -> None:
    """Combine the files of all processes, print what was not run, and compare with the floors."""
    measured = Coverage(
        data_file=str(FOLDER / "data"), config_file=str(ROOT / "pyproject.toml"), messages=True
    )
    measured.combine([str(FOLDER)], keep=True)
    measured.save()
    measured.report(show_missing=True, skip_covered=True, skip_empty=True)
    measured.html_report(directory=str(FOLDER / "html"))
    low = []
    for folder, floor in FLOORS.items():
        share = measured.report(include=[f"{folder}/*"], file=io.StringIO())
        print(f"{folder}: {share:.1f} % (at least {floor:.0f} %)")
        if share < floor:
            low.append(folder)
    for path in sorted((ROOT / "baas").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        _, lines, _, missing, _ = measured.analysis2(str(path))
        if lines and 100 * (1 - len(missing) / len(lines)) < FILE_FLOOR:
            print(
                f"{name}: {len(missing)} of {len(lines)} lines not run: {REASONS.get(name, 'nobody says why')}"
            )
            if name not in REASONS:
                low.append(name)
    sys.exit(f"Less than demanded: {', '.join(low)}" if low else 0)


if __name__ == "__main__":
    main()
