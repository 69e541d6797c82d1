"""What the browser tests need beside Python: Node with the widget's packages, and Chromium. Found, installed, or skipped."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

WIDGET = Path(__file__).parents[2] / "widget"
OLDEST_NODE = 20
PATIENCE = 240
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def node() -> str:
    """Node's program, with the widget's packages installed from their lock."""
    program = shutil.which("node")
    npm = shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("Node.js and npm are not installed; the widget's tests need them, the backend does not.")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    if int(version.removeprefix("v").partition(".")[0] or 0) < OLDEST_NODE:
        pytest.skip(f"Node.js is {version.strip()}; the widget's tests need {OLDEST_NODE} or newer.")
    if not (WIDGET / "node_modules" / "playwright-core").is_dir():
        problem = _run([npm, "ci", "--no-progress"], WIDGET)
        if problem:
            pytest.skip(f"npm ci failed in widget/: {problem}")
    return program


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium's program; Debian's package is installed when this may be done."""
    found = os.environ.get("CHROMIUM") or _find()
    problem = "apt-get install chromium, or name it by CHROMIUM"
    if found is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-q"])
        problem = _run(["apt-get", "install", "-yq", "--no-install-recommends", "chromium"]) or problem
        found = _find()
    if found is None:
        pytest.skip(f"Chromium is not installed: {problem}")
    return found


def _run(command: list[str], cwd: Path | None = None) -> str:
    """Run a command; answers what went wrong, if anything."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)} took longer than {PATIENCE} s"
    return done.stderr[-500:] if done.returncode else ""


def _find() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
