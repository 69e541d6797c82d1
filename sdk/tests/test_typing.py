"""The types are what the page of typing tests says, for both checkers; and the SDK itself is strict."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSIONS = ["3.10", "3.14"]


def check(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_mypy(version: str) -> None:
    """Strict."""
    check("mypy", "--python-version", version, "--warn-unused-ignores", "tests/typing/api.py")


@pytest.mark.slow
def test_the_sdk_itself() -> None:
    """Strict, too."""
    check("mypy")


@pytest.mark.slow
def test_every_public_symbol_has_its_type(tmp_path: Path) -> None:
    """To the last field: pyright infers nothing of what users see."""
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "baas_sdk", "--ignoreexternal"],
        # Away from the project's settings: as an installed package is seen.
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Type completeness score: 100%" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_pyright(version: str) -> None:
    """Strict about what users write."""
    check("pyright", "--pythonpath", sys.executable, "--pythonversion", version)
