"""Workers whose deployment has the mail server and the providers of the tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from baas.assembly import close_runtime
from baas.core.settings import Settings
from baas.worker import Worker, create_worker
from tests.services.notifications.mailserver import MailServer, certificate, mail_server
from tests.services.notifications.providers import Providers, fake_providers

MakeWorker = Callable[..., Awaitable[Worker]]


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for loopback."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust it, as a deployment trusts its own authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))


@pytest.fixture
async def smtp(pem: Path, trusted: None) -> AsyncIterator[MailServer]:
    """A mail server with STARTTLS and a login."""
    async with mail_server(pem) as server:
        yield server


@pytest.fixture
async def providers() -> AsyncIterator[Providers]:
    """The providers that are asked by HTTP."""
    async with fake_providers() as made:
        yield made


@pytest.fixture
async def make_worker(settings: Settings) -> AsyncIterator[MakeWorker]:
    """Makes a worker of a deployment with other settings."""
    made: list[Worker] = []

    async def make(**changes: Any) -> Worker:
        worker = create_worker(msgspec.structs.replace(settings, **changes))
        await worker.runtime.database.open()
        made.append(worker)
        return worker

    yield make
    for worker in made:
        await close_runtime(worker.runtime)


@pytest.fixture
async def provider_worker(make_worker: MakeWorker, providers: Providers) -> Worker:
    """A worker that finds the providers of the tests."""
    return await make_worker(
        resend_url=f"{providers.url}/resend",
        sendgrid_url=f"{providers.url}/sendgrid",
        whatsapp_url=f"{providers.url}/v23.0",
    )
