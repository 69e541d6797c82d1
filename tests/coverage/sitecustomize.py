"""Measures coverage in every Python process below `make coverage`, which puts this folder on PYTHONPATH.

Python imports this module at its start. PYTHONPATH is the one variable that reaches the children of children: the
API's processes, the worker, and the renderers, whose environment holds nothing else. What is measured is in
pyproject.toml (tool.coverage); the data go to `build/coverage/`, one file for each process.
"""

import resource
import sys
import threading
import time
from pathlib import Path

from coverage import Coverage

_ROOT = Path(__file__).parents[2]
_RENDERER = "baas.services.notifications.rendering.child"


def _measure() -> Coverage:
    folder = _ROOT / "build" / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    measured = Coverage(
        data_file=str(folder / "data"),
        data_suffix=True,
        config_file=str(_ROOT / "pyproject.toml"),
        auto_data=True,
    )
    measured.start()
    return measured


def _save_on_the_way(measured: Coverage) -> None:
    """A renderer may open no file and is killed at its end: here it may, and saves what it ran every half second."""
    allowed = resource.setrlimit

    def setrlimit(what: int, limits: tuple[int, int], /) -> None:
        if what not in {resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE}:
            allowed(what, limits)

    resource.setrlimit = setrlimit

    def save() -> None:
        while True:
            time.sleep(0.5)
            measured.save()

    threading.Thread(target=save, daemon=True).start()


_measured = _measure()
if _RENDERER in sys.orig_argv:
    _save_on_the_way(_measured)
