"""The widget in Node and in a real browser: each spec is a file beside this one, and says itself what it proves."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.conftest import WIDGET
from tests.running import RunningDev, running_dev

HERE = Path(__file__).parent
SPECS = sorted(path.name for path in HERE.glob("*.spec.mjs"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
async def dev(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningDev]:
    """A shop with the demo's products."""
    async with running_dev(tmp_path_factory.mktemp("widget")) as running:
        yield running


async def run(*command: str, cwd: Path = HERE, **environment: str) -> None:
    """Run a program; its output is the failure's text."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 500)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, output.decode()[-8000:]


async def test_types(node: str) -> None:
    """Every module, and a page that is written in TypeScript, under tsc's strict eyes."""
    await run("npm", "run", "--silent", "check", cwd=WIDGET)


async def test_parts(node: str) -> None:
    """Money, texts, descriptions, the client and the cart, in Node."""
    await run("npm", "test", "--silent", cwd=WIDGET)


@pytest.mark.parametrize("spec", SPECS)
async def test_browser(spec: str, dev: RunningDev, node: str, chromium: str) -> None:
    """A spec against a whole `baas dev`."""
    await run(
        node,
        "--test",
        "--test-timeout=450000",
        str(HERE / spec),
        CHROMIUM=chromium,
        BAAS_URL=dev.base_url,
        BAAS_PUBLISHABLE_KEY=dev.ready["publishable_key"],
        BAAS_SECRET_KEY=dev.ready["secret_key"],
        BAAS_OPERATOR_KEY=dev.ready["operator_key"],
    )
