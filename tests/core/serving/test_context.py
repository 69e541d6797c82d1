"""Reads from the cache, writes that are tried, writes that meet one another."""

import asyncio
from typing import Any

import asyncpg
import pytest

from baas.core.db import Database, StoreConnection
from baas.core.errors import IdempotencyInProgress
from baas.core.serving.context import Context, Suspended
from baas.worker import Worker
from tests.clients import BASE, Shop
from tests.services.goods import make_product

PRODUCTS = "/storefront/products"


class TestCachedReads:
    """Ready bytes, and never stale ones."""

    async def test_an_answer_can_be_asked_for_again(self, shop: Shop) -> None:
        """A strong ETag, and 304 without a body while it holds."""
        await make_product(shop, {"price": 1000}, status="active")
        first = await shop.storefront("GET", PRODUCTS, expect=200)
        etag = first.headers["etag"]
        assert etag.startswith('"')
        assert "max-age" in first.headers["cache-control"]
        assert "private" in first.headers["cache-control"]
        assert "X-API-KEY" in first.headers["vary"]
        for wanted in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            again = await shop.storefront("GET", PRODUCTS, headers={"If-None-Match": wanted}, expect=304)
            assert again.content == b""
            assert again.headers["etag"] == etag
        await shop.storefront("GET", PRODUCTS, headers={"If-None-Match": '"other"'}, expect=200)

    async def test_a_change_is_seen_by_the_next_reader(self, shop: Shop) -> None:
        """The version in the key makes the old answer unfindable."""
        product = await make_product(shop, {"price": 1000}, status="active")
        etag = (await shop.storefront("GET", PRODUCTS, expect=200)).headers["etag"]
        for number in range(5):
            body = {"name": f"Renamed {number}"}
            await shop.admin("PATCH", f"/admin/products/{product['id']}", json=body, expect=200)
            answer = await shop.storefront("GET", PRODUCTS, headers={"If-None-Match": etag}, expect=200)
            assert answer.json()["data"][0]["name"] == f"Renamed {number}"
            etag = answer.headers["etag"]

    async def test_request_ids_are_not_cached(self, shop: Shop) -> None:
        """The envelope is made anew around the same bytes."""
        first, again = [await shop.storefront("GET", PRODUCTS, expect=200) for _ in range(2)]
        assert first.json()["data"] == again.json()["data"]
        assert first.json()["meta"]["request_id"] != again.json()["meta"]["request_id"]
        assert again.json()["meta"]["request_id"] == again.headers["x-request-id"]

    async def test_two_stores_never_share_an_answer(self, shop: Shop, other_shop: Shop) -> None:
        """Though they ask the same question at the same version."""
        ours = await make_product(shop, {"price": 1000}, status="active", handle="same", name="Ours")
        theirs = await make_product(
            other_shop, {"price": 2000}, status="active", handle="same", name="Theirs"
        )
        for _ in range(2):
            for store, product in ((shop, ours), (other_shop, theirs)):
                answer = await store.get(f"{PRODUCTS}/same")
                assert answer["id"] == product["id"]

    async def test_many_readers_of_something_new_ask_once(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One fills, its twins wait."""
        await make_product(shop, {"price": 1000}, status="active")
        filled = 0
        original = Database.fast

        def fast(self: Database, scope: Any, **options: Any) -> Any:
            nonlocal filled
            filled += bool(options.get("snapshot"))
            return original(self, scope, **options)

        monkeypatch.setattr(Database, "fast", fast)
        answers = await asyncio.gather(*(shop.storefront("GET", f"{PRODUCTS}?limit=9") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert filled == 1


class TestDryRuns:
    """Everything runs, nothing stays."""

    @pytest.mark.parametrize(
        "prefer",
        [
            "dry-run",
            "DRY-RUN",
            "respond-async, dry-run",
            " dry-run ,wait=5",
            "dry-run; a=1",
            "dry-run=1",
            "a\ndry-run",
        ],
    )
    async def test_the_answer_is_what_it_would_have_been(self, shop: Shop, prefer: str) -> None:
        """And says that it was only tried, whichever way and in whichever line it was asked for."""
        body = {"name": "Tried", "variants": [{"price": 1000, "on_hand": 3}]}
        headers = [("X-API-KEY", shop.secret_key), *(("Prefer", line) for line in prefer.split("\n"))]
        response = await shop.http.request("POST", f"{BASE}/admin/products", json=body, headers=headers)
        assert response.status_code == 201
        assert response.json()["meta"]["dry_run"] is True
        product = response.json()["data"]
        assert product["name"] == "Tried"
        await shop.admin("GET", f"/admin/products/{product['id']}", expect=404)
        assert await shop.listed("/admin/events") == []

    async def test_a_refusal_is_a_refusal(self, shop: Shop) -> None:
        """With the same code as in earnest."""
        body = {"name": "x", "variants": []}
        for headers in ({}, {"Prefer": "dry-run"}):
            await shop.admin("POST", "/admin/products", json=body, headers=headers, expect=422)

    async def test_other_preferences_are_none(self, shop: Shop) -> None:
        """A word that is not known does not stop a write."""
        body = {"kind": "secret", "name": "x"}
        response = await shop.admin(
            "POST", "/admin/api-keys", json=body, headers={"Prefer": "dry-running"}, expect=201
        )
        assert "dry_run" not in response.json()["meta"]


class TestWritesThatMeet:
    """The database decides who goes first; nobody gets an error for it."""

    async def test_a_transaction_that_lost_a_race_is_tried_again(self, shop: Shop, worker: Worker) -> None:
        """Up to three times, from the beginning."""
        context = await self._context(shop, worker)
        tried = 0

        async def verb(work: StoreConnection) -> dict[str, int]:
            nonlocal tried
            tried += 1
            await work.execute(
                "insert into usage_counters values ($1, 'race', '2026-01', 1)", work.scope.store_id
            )
            if tried < 3:
                raise asyncpg.DeadlockDetectedError("deadlock detected")
            return {"tried": tried}

        response = await context.write_fast(verb)
        assert response.status_code == 200
        assert tried == 3
        async with worker.runtime.database.fast(context.scope) as work:
            assert await work.fetchval("select count(*) from usage_counters where metric = 'race'") == 1

    async def test_what_is_committed_is_not_done_again_when_the_rest_lost_a_race(
        self, shop: Shop, worker: Worker
    ) -> None:
        """A promised refund would be promised twice: only the rest is repeated."""
        context = await self._context(shop, worker)
        for key in (None, "refund-once"):
            context = await self._context(shop, worker, key)
            resumes: list[dict[str, Any]] = []

            async def verb(work: StoreConnection) -> Suspended:
                await work.execute(
                    "insert into usage_counters values ($1, 'promised', '2026-01', 1) on conflict"
                    " (store_id, metric, period) do update set used = usage_counters.used + 1",
                    work.scope.store_id,
                )
                return Suspended({"refund": "re_1"})

            async def finish(
                resume: dict[str, Any], resumes: list[dict[str, Any]] = resumes
            ) -> dict[str, int]:
                resumes.append(resume)
                if len(resumes) < 3:
                    raise asyncpg.DeadlockDetectedError("deadlock detected")
                return {"asked": len(resumes)}

            answer = await context.write_fast(verb, finish=finish)
            assert b'"asked":3' in answer.content
            assert resumes == [{"refund": "re_1"}] * 3
        async with worker.runtime.database.fast(context.scope) as work:
            assert await work.fetchval("select used from usage_counters where metric = 'promised'") == 2

    async def test_after_three_losses_the_caller_is_told(self, shop: Shop, worker: Worker) -> None:
        """It is not tried for ever."""
        context = await self._context(shop, worker)
        tried = 0

        async def verb(_work: StoreConnection) -> None:
            nonlocal tried
            tried += 1
            raise asyncpg.SerializationError("could not serialize access")

        with pytest.raises(asyncpg.SerializationError):
            await context.write_fast(verb)
        assert tried == 3

    async def test_a_refusal_is_not_repeated(self, shop: Shop, worker: Worker) -> None:
        """It would only be refused again."""
        context = await self._context(shop, worker)
        tried = 0

        async def verb(_work: StoreConnection) -> None:
            nonlocal tried
            tried += 1
            raise asyncpg.UniqueViolationError("duplicate key")

        with pytest.raises(asyncpg.UniqueViolationError):
            await context.write_fast(verb)
        assert tried == 1

    async def _context(self, shop: Shop, worker: Worker, key: str | None = None, **headers: str) -> Context:
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if key is not None:
            sent.append((b"idempotency-key", key.encode()))
        asgi: Any = {"method": "POST", "path": "/test", "query_string": b"", "headers": sent}
        return Context(worker.runtime, asgi, await shop.scope(worker), "req_of_a_test", b"{}")

    async def test_work_that_asks_a_stranger_is_taken_up_where_it_stood(
        self, shop: Shop, worker: Worker
    ) -> None:
        """The first transaction is committed; a process that died before the end is finished by a retry."""
        done: list[dict[str, Any]] = []

        async def verb(work: StoreConnection) -> Suspended:
            await work.execute(
                "insert into usage_counters values ($1, 'asked', '2026-01', 1)", work.scope.store_id
            )
            return Suspended({"payment": "pay_1"})

        async def dies(_resume: dict[str, Any]) -> None:
            raise RuntimeError("the process is gone")

        async def finish(resume: dict[str, Any]) -> dict[str, str]:
            done.append(resume)
            return {"status": "paid"}

        context = await self._context(shop, worker, key="pay-once")
        with pytest.raises(RuntimeError):
            await context.write_fast(verb, finish=dies)

        with pytest.raises(IdempotencyInProgress):
            await (await self._context(shop, worker, key="pay-once")).write_fast(verb, finish=finish)
        async with worker.runtime.database.fast(context.scope) as work:
            await work.execute("update idempotency_keys set leased_until = now() - interval '1 s'")
        answer = await (await self._context(shop, worker, key="pay-once")).write_fast(verb, finish=finish)
        assert b'"status":"paid"' in answer.content
        assert done == [{"payment": "pay_1"}]
        again = await (await self._context(shop, worker, key="pay-once")).write_fast(verb, finish=finish)
        assert (b"idempotent-replayed", b"true") in again.raw
        assert len(done) == 1
        async with worker.runtime.database.fast(context.scope) as work:
            assert await work.fetchval("select used from usage_counters where metric = 'asked'") == 1
