"""`baas …` as a person types it: in this process, which is quick, or in one of its own."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from baas.cli.main import main

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int | None
    out: str
    err: str
    problem: BaseException | None = None
    """What it raised, in this process; SystemExit included."""

    @property
    def json(self) -> Any:
        """What it printed with --json; a refusal's is on standard error."""
        return json.loads(self.out or self.err)


def without_settings(**more: str) -> dict[str, str]:
    """The environment of this process without a deployment, and these variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BAAS_")} | more


def run(*arguments: str, environment: Mapping[str, str] | None = None, expect: int | None = 0) -> Ran:
    """Run a command in this process, with these variables beside its own; its exit code is asserted."""
    result = CliRunner().invoke(main, list(arguments), env=environment)
    ran = Ran(result.exit_code, result.stdout, result.stderr, result.exception)
    assert expect is None or ran.code == expect, ran
    return ran


async def start(
    *arguments: str,
    environment: Mapping[str, str],
    stdout: Any = asyncio.subprocess.PIPE,
    stderr: Any = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """Start a command in a process of its own, whose environment is this one alone."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baas", *arguments), cwd=ROOT, env=environment, stdout=stdout, stderr=stderr
    )


async def finished(process: asyncio.subprocess.Process, *, within: float = 60) -> Ran:
    """Wait for a command's end, so many seconds at most."""
    async with asyncio.timeout(within):
        out, err = await process.communicate()
    return Ran(process.returncode, out.decode(), err.decode())


async def run_apart(*arguments: str, environment: Mapping[str, str], expect: int | None = 0) -> Ran:
    """Run a command in a process of its own to its end; its exit code is asserted."""
    ran = await finished(await start(*arguments, environment=environment))
    assert expect is None or ran.code == expect, ran
    return ran
