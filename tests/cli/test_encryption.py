"""`baas encryption renew`: after it, the old key opens nothing that is kept for longer than a day."""

import json
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import LargeBinary

from baas.assembly import RENEWALS
from baas.core.crypto import KeyRing
from baas.core.db import Database
from baas.core.settings import Settings
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.notifications.schemas import PutSettings
from baas.services.notifications.service import settings as notification_settings
from baas.services.payments.providers import providers_of
from baas.services.payments.schemas import PutPaymentProvider
from baas.services.payments.service import accounts
from baas.worker import Worker
from migrations.metadata import metadata
from tests import commandline, deployment
from tests.clients import Shop
from tests.servers import Servers, with_database

NEW = b"n" * 32
SHORT_LIVED = {"idempotency_keys"}
"""What they hold is gone in a day."""


def renew(settings: Settings, *keys: bytes) -> dict[str, Any]:
    """Run the command with these keys on the ring. It names the stores of which it cannot read something, and fails."""
    environment = deployment.environment(msgspec.structs.replace(settings, encryption_keys=keys))
    ran = commandline.run("encryption", "renew", "--json", environment=environment, expect=None)
    # A server of another test in this process may have logged something meanwhile.
    answer: dict[str, Any] = json.loads(ran.out[ran.out.index('{"stores"') :])
    assert ran.code == (1 if answer["unreadable"] else 0), ran
    return answer


@pytest.fixture
async def entrusted(shop: Shop, worker: Worker, database: Database) -> Shop:
    """A store that has entrusted everything it can."""
    endpoint = {"url": "http://127.0.0.1:9/hook", "event_types": ["*"]}
    made = await shop.create("/admin/webhook-endpoints", endpoint)
    await shop.admin("POST", f"/admin/webhook-endpoints/{made['id']}/rotate-secret", expect=200)
    gone = await shop.create("/admin/webhook-endpoints", endpoint)
    await shop.admin("DELETE", f"/admin/webhook-endpoints/{gone['id']}", expect=200)
    sender = {
        "sender_email": "shop@example.com",
        "email": {"provider": "resend", "api_key": "re_of_a_test"},
        "whatsapp": {
            "phone_number_id": "123456",
            "access_token": "token of a test",
            "app_secret": "secret of a test",
            "verify_token": "word of a test",
        },
    }
    account = PutPaymentProvider(
        enabled=True, credentials={"secret_key": "sk_" + "test_x"}, webhook_secret="whsec_" + "x" * 32
    )
    ring, scope = worker.runtime.keyring, await shop.scope(worker)
    async with database.fast(scope) as work:
        await notification_settings.put_settings(
            work, ring, msgspec.convert(sender, PutSettings), allow_local=True
        )
        await accounts.put(work, providers_of(worker.runtime), ring, "stripe", account)
    return shop


async def under(admin_url: str, shop: Shop, key: bytes) -> list[str]:
    """Every encrypted value of a store that was made by a key, found in every table by what it begins with."""
    begins = KeyRing([key]).encrypt(b"x", context=b"x")[:5]
    found = []
    connection = await asyncpg.connect(admin_url)
    try:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, LargeBinary) and "store_id" in table.columns:
                    count = await connection.fetchval(
                        f'select count(*) from "{table.name}" where store_id = $1'
                        f" and substring({column.name} for 5) = $2",
                        ids.decode(Kind.STORE, shop.id),
                        begins,
                    )
                    found += [f"{table.name}.{column.name}"] * count
    finally:
        await connection.close()
    return found


async def test_what_was_entrusted_moves_to_the_new_key(
    entrusted: Shop, settings: Settings, servers: Servers, worker: Worker, database: Database
) -> None:
    """Every column, of every package; the old key may go then."""
    import asyncio

    admin_url = with_database(servers.admin_url, settings.database.app.rpartition("/")[2])
    (old,) = settings.encryption_keys
    before = await under(admin_url, entrusted, old)
    assert sorted(before) == [
        "notification_settings.email_secret",
        "notification_settings.whatsapp_app_secret",
        "notification_settings.whatsapp_secret",
        "notification_settings.whatsapp_verify_token",
        "payment_provider_accounts.credentials",
        "payment_provider_accounts.webhook_secret",
        "webhook_endpoints.previous_secret",
        "webhook_endpoints.secret",
    ]
    scope = await entrusted.scope(worker)
    lost = await asyncio.to_thread(renew, settings, NEW)
    assert entrusted.id in lost["unreadable"]
    assert await under(admin_url, entrusted, old) == before

    done = await asyncio.to_thread(renew, settings, NEW, old)
    try:
        assert entrusted.id not in done["unreadable"]
        assert done["secrets"] >= len(before)
        assert await under(admin_url, entrusted, old) == []
        assert sorted(await under(admin_url, entrusted, NEW)) == sorted(before)
        again = await asyncio.to_thread(renew, settings, NEW, old)
        assert (again["stores"], again["secrets"]) == (done["stores"], 0)
        async with database.fast(scope) as work:
            account = await accounts.opened(work, KeyRing([NEW]), "stripe")
        assert account is not None
        assert account.credentials == {"secret_key": "sk_" + "test_x"}
    finally:
        # The other tests of this process know the old key alone.
        back = await asyncio.to_thread(renew, settings, old, NEW)
    assert back["secrets"] == done["secrets"]


def test_every_package_that_encrypts_renews() -> None:
    """Whoever keeps an encrypted column says so to the assembly."""
    columns = {
        table.name
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and ("secret" in column.name or "credential" in column.name)
    }
    owners = {"notification_settings", "payment_provider_accounts", "webhook_endpoints"}
    assert columns - SHORT_LIVED == owners
    assert len(RENEWALS) == len(owners)
