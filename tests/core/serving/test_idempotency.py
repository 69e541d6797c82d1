"""One key, one effect: whoever repeats a request gets the answer of the first."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from baas.core.crypto import KeyRing
from baas.core.db import Database
from baas.core.serving.idempotency import OPERATOR as NO_STORE
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.worker import Worker
from tests.clients import BASE, Shop
from tests.conftest import OPERATOR_KEY
from tests.servers import with_database

KEY = {"kind": "secret", "name": "made once"}


async def post(
    shop: Shop, key: str | None, body: Any = None, path: str = "/admin/api-keys", **headers: str
) -> httpx.Response:
    """A POST with a key."""
    sent = {**({"Idempotency-Key": key} if key is not None else {}), **headers}
    return await shop.admin("POST", path, json=KEY if body is None else body, headers=sent)


async def keys_of(shop: Shop) -> int:
    """How many keys the store has."""
    page = (await shop.admin("GET", "/admin/api-keys?include=total", expect=200)).json()
    total: int = page["pagination"]["total"]
    return total


class TestTheSameAgain:
    """Same key, same body."""

    async def test_answers_the_first_answer_and_does_nothing(self, shop: Shop) -> None:
        """Also the key that is shown only once: it is the same answer to the same caller."""
        first = await post(shop, "one")
        again = await post(shop, "one")
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json()["data"] == first.json()["data"]
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert await keys_of(shop) == 3

    async def test_each_request_keeps_its_own_request_id(self, shop: Shop) -> None:
        """The replay is a request of its own in the logs."""
        first, again = await post(shop, "one"), await post(shop, "one")
        assert first.json()["meta"]["request_id"] != again.json()["meta"]["request_id"]

    async def test_twenty_at_once_have_one_effect(self, shop: Shop) -> None:
        """The others wait for nobody: they are told that it runs, or get the answer."""
        answers = await asyncio.gather(*(post(shop, "crowd") for _ in range(20)))
        made = [answer for answer in answers if answer.status_code == 201]
        told = [answer for answer in answers if answer.status_code == 409]
        assert len(made) + len(told) == 20
        assert made
        assert len({answer.json()["data"]["id"] for answer in made}) == 1
        assert {answer.json()["error"]["code"] for answer in told} <= {"idempotency_in_progress"}
        assert all(answer.headers["retry-after"] == "1" for answer in told)
        assert await keys_of(shop) == 3

    async def test_without_a_key_each_request_counts(self, shop: Shop) -> None:
        """Nobody guesses that two equal requests are one."""
        await post(shop, None)
        await post(shop, None)
        assert await keys_of(shop) == 4


class TestAnother:
    """Same key, something else."""

    async def test_body_is_refused(self, shop: Shop) -> None:
        """It would otherwise get an answer to a question that it did not ask."""
        await post(shop, "one")
        response = await post(shop, "one", {"kind": "secret", "name": "another"})
        assert response.status_code == 422
        assert response.json()["error"]["code"] == "idempotency_key_reused"
        assert await keys_of(shop) == 3

    async def test_address_is_refused(self, shop: Shop) -> None:
        """The path and the query belong to the question."""
        made = (await post(shop, "one")).json()["data"]
        for path in (f"/admin/api-keys/{made['id']}/rotate", "/admin/api-keys?x=1"):
            response = await post(shop, "one", path=path)
            assert response.status_code == 422, path

    async def test_store_is_independent(self, shop: Shop, other_shop: Shop) -> None:
        """Keys are small words; two stores choose the same ones every day."""
        first, second = await post(shop, "order-1"), await post(other_shop, "order-1")
        assert second.status_code == 201
        assert first.json()["data"]["id"] != second.json()["data"]["id"]

    async def test_operator_request_is_independent(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """The operator's keys belong to no store."""
        headers = {"X-OPERATOR-KEY": OPERATOR_KEY, "Idempotency-Key": f"op-{shop.slug}"}
        path = f"{BASE}/operator/stores/{shop.id}/api-keys"
        first = await http.post(path, json=KEY, headers=headers)
        again = await http.post(path, json=KEY, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json()["data"] == again.json()["data"]
        assert again.headers["idempotent-replayed"] == "true"
        assert (await post(shop, f"op-{shop.slug}")).json()["data"]["id"] != first.json()["data"]["id"]
        assert await keys_of(shop) == 4


class TestWhatIsStored:
    """Only what happened, and not readable."""

    async def test_a_refused_request_stores_nothing(self, shop: Shop) -> None:
        """The caller mends the body and sends it with the same key."""
        response = await post(shop, "mended", {"kind": "secret", "name": "x", "scopes": ["no:such"]})
        assert response.status_code == 422
        assert (await post(shop, "mended")).status_code == 201

    async def test_a_dry_run_stores_nothing(self, shop: Shop) -> None:
        """Trying out does not use the key up."""
        tried = await post(shop, "later", Prefer="dry-run")
        assert tried.json()["meta"]["dry_run"] is True
        assert await keys_of(shop) == 2
        done = await post(shop, "later")
        assert "idempotent-replayed" not in done.headers
        assert await keys_of(shop) == 3

    async def test_a_dry_run_with_a_used_key_does_not_replay(self, shop: Shop) -> None:
        """It answers what would be answered now, and says that it is a dry run."""
        await post(shop, "one")
        tried = await post(shop, "one", Prefer="dry-run")
        assert tried.status_code == 201
        assert tried.json()["meta"]["dry_run"] is True

    async def test_the_answer_is_encrypted_at_rest(
        self, shop: Shop, database: Database, worker: Worker
    ) -> None:
        """It may hold a key that was shown once."""
        secret = (await post(shop, "one")).json()["data"]["key"]
        scope = await shop.scope(worker)
        async with database.fast(scope) as work:
            row = await work.fetchrow("select * from idempotency_keys")
        assert row is not None
        assert secret.encode() not in row["body"]
        ring = KeyRing((b"k" * 32,))
        context = f"idempotency:{scope.store_id.hex}:one".encode()
        assert secret.encode() in ring.decrypt(row["body"], context=context)

    async def test_it_is_forgotten_after_a_day(self, shop: Shop, servers: Any, settings: Any) -> None:
        """Then the same key is a new request."""
        await post(shop, "one")
        name = settings.database.app.rpartition("/")[2]
        connection = await asyncpg.connect(with_database(servers.admin_url, name))
        try:
            await connection.execute(
                "update idempotency_keys set expires_at = now() - interval '1 s' where store_id = $1",
                ids.decode(Kind.STORE, shop.id),
            )
        finally:
            await connection.close()
        again = await post(shop, "one")
        assert "idempotent-replayed" not in again.headers
        assert await keys_of(shop) == 4

    def test_the_operators_keys_stand_under_the_nil_id(self) -> None:
        """Which no store can have."""
        assert NO_STORE.int == 0


class TestTheKeyItself:
    """What may be one."""

    @pytest.mark.parametrize("key", ["x" * 256, "tab\tin it", "ümlaut", ""])
    async def test_another_text_is_refused(self, shop: Shop, key: str) -> None:
        """1 to 255 printable ASCII characters."""
        response = await shop.admin(
            "POST", "/admin/api-keys", json=KEY, headers={"Idempotency-Key": key.encode("latin-1")}
        )
        assert response.status_code == 422
        assert list(response.json()["error"]["details"]["fields"]) == ["Idempotency-Key"]

    @pytest.mark.parametrize("key", ["x", "x" * 255, "spaces and :;'\" signs", "s:00:../%"])
    async def test_any_other_is_taken(self, shop: Shop, key: str) -> None:
        """Whatever the client's shop names its orders."""
        assert (await post(shop, key)).status_code == 201
        assert (await post(shop, key)).headers["idempotent-replayed"] == "true"
