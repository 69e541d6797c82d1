"""What `make coverage` measured, in words: `python -m tests.coverage.report`. Fails below the floors.

Every line that no test ran is listed. What cannot be run is excluded by its place, with the reason, in pyproject.toml
or beside the line (`# pragma: no cover  reason`).
"""

import io
import sys
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "coverage"
FLOORS = {"baas": 90.0, "baas/services": 95.0}
"""The least share of lines that tests run, in percent, by folder."""


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
    sys.exit(f"Less than demanded: {', '.join(low)}" if low else 0)


if __name__ == "__main__":
    main()
