"""Keys: made once, shown once, and dead everywhere within a second of being told so."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from baas.app import create_app
from baas.core.db import Database
from baas.core.settings import Settings
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.tenants.schemas import SCOPES
from baas.worker import Worker
from tests.clients import BASE, Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.core.own_redis import OwnRedis
from tests.running_app import client_of, started

OPERATOR = {"X-OPERATOR-KEY": OPERATOR_KEY}


async def make(shop: Shop, **body: Any) -> dict[str, Any]:
    """A new key."""
    response = await shop.admin(
        "POST", "/admin/api-keys", json={"kind": "secret", "name": "new", **body}, expect=201
    )
    key: dict[str, Any] = response.json()["data"]
    return key


async def works(http: httpx.AsyncClient, key: str, path: str = "/admin/store") -> int:
    """The status that a key gets."""
    return (await http.get(BASE + path, headers={"X-API-KEY": key})).status_code


async def refused_within(
    http: httpx.AsyncClient, key: str, seconds: float, path: str = "/admin/store"
) -> float:
    """How long it takes until a key is refused."""
    began = time.monotonic()
    while await works(http, key, path) == 200:
        assert time.monotonic() - began < seconds + 1, "the key still works"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def ensure(redis: OwnRedis) -> None:
    """Have it running."""
    if redis.process is None:
        await redis.start()
        # Subscribers look again every half second.
        await asyncio.sleep(0.7)


class TestCreate:
    """A key is made by one that may."""

    async def test_it_looks_like_what_it_is_and_works(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """Kind and mode can be read off it."""
        key = await make(shop)
        assert re.fullmatch(r"sk_test_[0-9A-Za-z]{43}", key["key"])
        assert key["key"].startswith(key["prefix"])
        assert key["key"].endswith(key["last_four"])
        assert key["scopes"] == ["*"]
        assert await works(http, key["key"]) == 200

    async def test_it_is_shown_once_and_stored_as_a_hash(
        self, shop: Shop, database: Database, worker: Worker
    ) -> None:
        """Neither the list nor a row nor the audit log has it."""
        key = await make(shop)
        listed = await shop.admin("GET", "/admin/api-keys", expect=200)
        assert key["key"] not in listed.text
        assert "key_hash" not in listed.text
        async with database.fast(await shop.scope(worker)) as work:
            for table in ("api_keys", "audit_log", "idempotency_keys", "events"):
                rows = await work.fetch(f"select to_jsonb(t)::text as row from {table} t")
                assert not [row for row in rows if key["key"] in row["row"]]

    async def test_a_publishable_key_opens_the_storefront_only(
        self, http: httpx.AsyncClient, shop: Shop
    ) -> None:
        """Whatever is asked for."""
        key = await make(shop, kind="publishable")
        assert key["scopes"] == ["storefront"]
        assert await works(http, key["key"], "/storefront/store") == 200
        assert await works(http, key["key"]) == 403
        body = {"kind": "publishable", "name": "more", "scopes": ["storefront", "orders:read"]}
        response = await shop.admin("POST", "/admin/api-keys", json=body, expect=422)
        assert "scopes" in response.json()["error"]["details"]["fields"]

    async def test_an_unknown_scope_is_refused(self, shop: Shop) -> None:
        """By name."""
        body = {"kind": "secret", "name": "x", "scopes": ["orders:read", "orders:eat"]}
        response = await shop.admin("POST", "/admin/api-keys", json=body, expect=422)
        assert "orders:eat" in response.json()["error"]["details"]["fields"]["scopes"]

    async def test_nobody_gives_what_they_lack(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """Not one scope more, and not all of them."""
        limited = Shop(
            http, shop.id, shop.slug, (await make(shop, scopes=["keys:write", "orders:read"]))["key"], ""
        )
        await make(limited, scopes=["orders:read"])
        for scopes in (["orders:write"], ["orders:read", "payments:write"], ["*"], None):
            body = {"kind": "secret", "name": "x", "scopes": scopes}
            response = await limited.admin("POST", "/admin/api-keys", json=body, expect=403)
            assert response.json()["error"]["code"] == "insufficient_scope"
        response = await limited.admin(
            "POST", "/admin/api-keys", json={"kind": "publishable", "name": "x"}, expect=403
        )
        assert response.json()["error"]["details"]["needs"] == ["storefront"]

    async def test_a_limited_key_cannot_rotate_a_stronger_one_into_its_hands(
        self, http: httpx.AsyncClient, shop: Shop
    ) -> None:
        """A rotation shows the new key: it is a gift of the old one's rights."""
        limited = Shop(
            http, shop.id, shop.slug, (await make(shop, scopes=["keys:write", "keys:read"]))["key"], ""
        )
        strong = await make(shop)
        await limited.admin("POST", f"/admin/api-keys/{strong['id']}/rotate", json={}, expect=403)
        assert await works(http, strong["key"]) == 200

    async def test_a_key_may_end_by_itself(
        self, http: httpx.AsyncClient, shop: Shop, superuser_sql: Any
    ) -> None:
        """After its days it is refused like one that never was."""
        key = await make(shop, expires_in_days=7)
        assert key["expires_at"] is not None
        assert await works(http, key["key"]) == 200
        await superuser_sql(
            "update api_keys set expires_at = now() where id = $1", ids.decode(Kind.API_KEY, key["id"])
        )
        assert await refused_within(http, key["key"], 1) < 1

    async def test_a_store_has_a_hundred_keys_at_most(self, shop: Shop) -> None:
        """The hundred and first is refused; a store that rotates every week must not run into it."""
        for number in range(98):
            await make(shop, name=f"key {number}")
        response = await shop.admin(
            "POST", "/admin/api-keys", json={"kind": "secret", "name": "x"}, expect=409
        )
        assert response.json()["error"]["code"] == "conflict"
        keys = await shop.listed("/admin/api-keys?limit=100")
        await shop.admin("DELETE", f"/admin/api-keys/{keys[0]['id']}", expect=200)
        await make(shop)


class TestRotate:
    """A new key takes over."""

    async def test_at_once(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """The new one has the same name, kind and scopes; the old one is refused."""
        old = await make(shop, scopes=["store:read", "keys:read"], name="back office")
        response = await shop.admin("POST", f"/admin/api-keys/{old['id']}/rotate", json={}, expect=201)
        new = response.json()["data"]
        assert {n: new[n] for n in ("name", "kind", "scopes")} == {
            n: old[n] for n in ("name", "kind", "scopes")
        }
        assert await works(http, new["key"]) == 200
        assert await refused_within(http, old["key"], 1) < 1

    async def test_with_grace_both_work_for_a_while(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """Until the grace is over."""
        old = await make(shop)
        body = {"grace_seconds": 1}
        new = await shop.create(f"/admin/api-keys/{old['id']}/rotate", body)
        assert await works(http, old["key"]) == 200
        assert await works(http, new["key"]) == 200
        assert await refused_within(http, old["key"], 2) < 2
        assert await works(http, new["key"]) == 200

    async def test_the_end_of_a_key_is_inherited(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """Rotating a key that was made for a week does not make one for ever."""
        old = await make(shop, expires_in_days=7)
        new = await shop.create(f"/admin/api-keys/{old['id']}/rotate", {})
        assert new["expires_at"] == old["expires_at"]

    async def test_grace_never_lengthens_a_life(self, shop: Shop) -> None:
        """A key that ends tomorrow ends tomorrow."""
        old = await make(shop, expires_in_days=1)
        await shop.admin(
            "POST", f"/admin/api-keys/{old['id']}/rotate", json={"grace_seconds": 2_592_000}, expect=201
        )
        keys = await shop.listed("/admin/api-keys")
        assert next(key for key in keys if key["id"] == old["id"])["expires_at"] == old["expires_at"]

    async def test_a_revoked_or_expired_key_cannot_be_rotated(self, shop: Shop, superuser_sql: Any) -> None:
        """There is nothing to take over."""
        key = await make(shop)
        await shop.admin("DELETE", f"/admin/api-keys/{key['id']}", expect=200)
        await shop.admin("POST", f"/admin/api-keys/{key['id']}/rotate", json={}, expect=409)
        gone = await make(shop)
        await superuser_sql(
            "update api_keys set expires_at = now() where id = $1", ids.decode(Kind.API_KEY, gone["id"])
        )
        await shop.admin("POST", f"/admin/api-keys/{gone['id']}/rotate", json={}, expect=409)


class TestRevoke:
    """The end of a key, everywhere."""

    async def test_twice_is_once(self, shop: Shop) -> None:
        """The second changes nothing and says the same."""
        key = await make(shop)
        first = (await shop.admin("DELETE", f"/admin/api-keys/{key['id']}", expect=200)).json()["data"]
        again = (await shop.admin("DELETE", f"/admin/api-keys/{key['id']}", expect=200)).json()["data"]
        assert first["revoked_at"] is not None
        assert first == again
        lines = await shop.listed(f"/admin/audit-log?subject={key['id']}")
        assert [line["action"] for line in lines] == ["api_key.revoked", "api_key.created"]

    async def test_a_dry_run_revokes_nothing(
        self, http: httpx.AsyncClient, shop: Shop, forget: Callable[[Shop], None]
    ) -> None:
        """It says what would be."""
        key = await make(shop)
        response = await shop.admin(
            "DELETE", f"/admin/api-keys/{key['id']}", headers={"Prefer": "dry-run"}, expect=200
        )
        assert response.json()["meta"]["dry_run"] is True
        assert response.json()["data"]["revoked_at"] is not None
        forget(shop)
        assert await works(http, key["key"]) == 200


@pytest.fixture(scope="module")
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnRedis]:
    """A Redis that can be taken away."""
    own = OwnRedis(tmp_path_factory.mktemp("redis"))
    await own.start()
    yield own
    own.stop()


@pytest.fixture(scope="module")
async def instances(
    settings: Settings, redis: OwnRedis
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Two instances on one database and that Redis."""
    own = msgspec.structs.replace(settings, redis_url=redis.url)
    apps: list[Litestar] = [create_app(own), create_app(own)]
    async with (
        started(apps[0]),
        started(apps[1]),
        client_of(apps[0]) as first,
        client_of(apps[1]) as second,
    ):
        yield first, second


class TestEveryProcess:
    """A second instance of the application stands for every other process."""

    async def test_hears_of_a_revocation_at_once(
        self, instances: tuple[httpx.AsyncClient, httpx.AsyncClient], redis: OwnRedis
    ) -> None:
        """By Redis, long before what it believes runs out."""
        first, second = instances
        await ensure(redis)
        shop = await provision(first, OPERATOR_KEY)
        took = []
        for _ in range(5):
            key = await make(shop)
            assert await works(second, key["key"]) == 200
            await shop.admin("DELETE", f"/admin/api-keys/{key['id']}", expect=200)
            assert await works(first, key["key"]) == 401
            took.append(await refused_within(second, key["key"], 1))
        assert max(took) < 1
        assert sorted(took)[2] < 0.3

    async def test_refuses_within_a_second_without_redis(
        self, instances: tuple[httpx.AsyncClient, httpx.AsyncClient], redis: OwnRedis
    ) -> None:
        """The life of what a process believes is the guarantee; requests go on meanwhile."""
        first, second = instances
        shop = await provision(first, OPERATOR_KEY)
        key = await make(shop)
        redis.stop()
        try:
            assert await works(second, key["key"]) == 200
            await shop.admin("DELETE", f"/admin/api-keys/{key['id']}", expect=200)
            assert await works(first, key["key"]) == 401
            assert await refused_within(second, key["key"], 1) < 1
        finally:
            await redis.start()

    @pytest.mark.parametrize("with_redis", [True, False])
    async def test_refuses_every_key_of_a_deactivated_store(
        self, instances: tuple[httpx.AsyncClient, httpx.AsyncClient], redis: OwnRedis, *, with_redis: bool
    ) -> None:
        """And takes them again once it is activated."""
        first, second = instances
        await ensure(redis)
        shop = await provision(first, OPERATOR_KEY)
        if not with_redis:
            redis.stop()
        try:
            for key, path in ((shop.secret_key, "/admin/store"), (shop.publishable_key, "/storefront/store")):
                assert await works(second, key, path) == 200
            await first.post(f"{BASE}/operator/stores/{shop.id}/deactivate", headers=OPERATOR)
            for key, path in ((shop.secret_key, "/admin/store"), (shop.publishable_key, "/storefront/store")):
                assert await refused_within(second, key, 1, path) < 1
                assert await works(second, key, path) == 403
            answer = await second.get(f"{BASE}/admin/store", headers={"X-API-KEY": shop.secret_key})
            assert answer.json()["error"]["code"] == "store_inactive"
            await first.post(f"{BASE}/operator/stores/{shop.id}/activate", headers=OPERATOR)
            await asyncio.sleep(0.9)
            assert await works(second, shop.secret_key) == 200
        finally:
            await ensure(redis)


class TestTheTable:
    """What a process believes of keys."""

    async def test_many_requests_with_one_new_key_ask_once(
        self, http: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Twins wait for the first."""
        asked = 0
        original = Database.lookup

        async def lookup(self: Database, sql: str, *args: Any) -> Any:
            nonlocal asked
            asked += "key_hash" in sql
            await asyncio.sleep(0.02)
            return await original(self, sql, *args)

        monkeypatch.setattr(Database, "lookup", lookup)
        key = (await make(shop))["key"]
        asked = 0
        assert await asyncio.gather(*(works(http, key) for _ in range(20))) == [200] * 20
        assert asked == 1

    async def test_a_caller_that_goes_away_takes_nobody_with_it(
        self, worker: Worker, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its twins still get their answer."""
        original = Database.lookup

        async def lookup(self: Database, sql: str, *args: Any) -> Any:
            await asyncio.sleep(0.05)
            return await original(self, sql, *args)

        monkeypatch.setattr(Database, "lookup", lookup)
        first = asyncio.create_task(worker.table.resolve(shop.secret_key))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(worker.table.resolve(shop.secret_key))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second).scope.store_id == ids.decode(Kind.STORE, shop.id)

    async def test_when_a_key_was_used_is_written_down(self, worker: Worker, shop: Shop) -> None:
        """So that people dare to retire keys."""
        await worker.table.resolve(shop.secret_key)
        await worker.table.note_use()
        keys = await shop.listed("/admin/api-keys")
        used = {key["kind"]: key["last_used_at"] for key in keys}
        assert used["secret"] is not None
        assert used["publishable"] is None


def test_scopes_are_sorted_pairs() -> None:
    """`what:read` or `what:write`, but for the storefront."""
    assert list(SCOPES) == sorted(SCOPES)
    assert [scope for scope in SCOPES if not re.fullmatch(r"[a-z]+:(read|write)", scope)] == ["storefront"]
