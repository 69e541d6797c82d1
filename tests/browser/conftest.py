"""What the browser tests need beside Python: Node with the widget's packages, and Chromium. Found, installed, or skipped."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

WIDGET = Path(__file__).parents[2] / "widget"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def node() -> str:
    """Node's program, with the widget's packages installed from their lock."""
    program = shutil.which("node")
    npm = shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("Node.js is not installed; the widget's tests need it.")
    if not (WIDGET / "node_modules" / "playwright-core").is_dir():
        done = subprocess.run(
            [npm, "ci"], cwd=WIDGET, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            pytest.skip(f"npm ci failed in widget/: {done.stderr[-500:]}")
    return program


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium's program; Debian's package is installed when this may be done."""
    found = os.environ.get("CHROMIUM") or _find()
    if found is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-yq", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(command, capture_output=True, timeout=400, check=False)
        found = _find()
    if found is None:
        pytest.skip("Chromium is not installed (apt-get install chromium), nor named by CHROMIUM.")
    return found


def _find() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
