"""A store reads and changes itself, and nothing of it works without its key."""

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.clients import BASE, Shop
from tests.conftest import OPERATOR_KEY
from tests.running_app import client_of
from tests.services.goods import make_product


async def test_a_key_finds_its_store(shop: Shop) -> None:
    """The secret key's store answers, in the envelope."""
    response = await shop.admin("GET", "/admin/store", expect=200)
    body = response.json()
    assert body["success"] is True
    assert body["data"]["id"] == shop.id
    assert body["meta"]["request_id"] == response.headers["x-request-id"]
    assert body["meta"]["version"] == "v1"


async def test_no_key_is_told_what_to_send(http: httpx.AsyncClient) -> None:
    """Without a key the answer names the header."""
    response = await http.get(f"{BASE}/admin/store")
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthenticated"
    assert "X-API-KEY" in response.json()["error"]["message"]


@pytest.mark.parametrize("key", ["sk_test_wrong", "x", "", "x" * 300, "sk_test_\xff"])
async def test_a_wrong_key_is_told_nothing_more(http: httpx.AsyncClient, key: str) -> None:
    """Not whether it once was one."""
    response = await http.get(f"{BASE}/admin/store", headers=[(b"X-API-KEY", key.encode("latin-1"))])
    assert response.status_code == 401
    assert response.json()["error"] == {
        "code": "invalid_api_key",
        "message": "This key is not valid.",
        "details": {},
    }


class TestUpdate:
    """PATCH changes what it names."""

    async def test_what_is_absent_stays(self, shop: Shop) -> None:
        """Also inside the settings."""
        before = await shop.get("/admin/store")
        await shop.admin(
            "PATCH", "/admin/store", json={"settings": {"tax_rate": 2100, "shipping_price": 500}}, expect=200
        )
        body = {"name": "Mates", "settings": {"tax_rate": 1050}}
        after = await shop.change("/admin/store", body)
        assert after["name"] == "Mates"
        assert after["settings"] == {"tax_rate": 1050, "shipping_price": 500}
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"name", "settings", "updated_at"}

    async def test_it_is_in_force_for_the_next_request(self, shop: Shop) -> None:
        """What a process believes of a store is forgotten with the commit."""
        for price in (500, 700, 900):
            await shop.admin(
                "PATCH", "/admin/store", json={"settings": {"shipping_price": price}}, expect=200
            )
            seen = await shop.get("/storefront/store")
            assert seen["shipping_price"] == price

    async def test_storefront_answers_are_made_anew(self, shop: Shop) -> None:
        """Settings change what products look like."""
        await make_product(shop, {"price": 1000, "on_hand": 7}, status="active")
        for show, available in ((True, 7), (False, None)):
            await shop.admin("PATCH", "/admin/store", json={"settings": {"show_stock": show}}, expect=200)
            product = (await shop.listed("/storefront/products"))[0]
            assert product["variants"][0]["available"] == available

    async def test_a_change_is_in_the_audit_log_and_no_change_is_not(self, shop: Shop) -> None:
        """With what was before and what is now, and nothing else."""
        for _ in range(2):
            await shop.admin("PATCH", "/admin/store", json={"name": "Mates", "country": "UY"}, expect=200)
        lines = await shop.listed("/admin/audit-log?action=store.updated")
        assert len(lines) == 1
        assert lines[0]["old"] == {"name": "Shop under test", "country": "AR"}
        assert lines[0]["new"] == {"name": "Mates", "country": "UY"}
        assert (lines[0]["actor_kind"], lines[0]["subject"]) == ("secret", shop.id)

    @pytest.mark.parametrize(
        "body",
        [
            {"plan": "pro"},
            {"mode": "live"},
            {"is_active": True},
            {"limits": {}},
            {"currency": "USD"},
            {"slug": "x1"},
            {"flags": {}},
        ],
    )
    async def test_what_is_the_operators_cannot_be_changed(self, shop: Shop, body: dict[str, Any]) -> None:
        """Nor can the currency: every price is in it."""
        response = await shop.admin("PATCH", "/admin/store", json=body, expect=422)
        assert list(response.json()["error"]["details"]["fields"]) == list(body)

    async def test_changes_at_the_same_time_are_both_kept(self, shop: Shop) -> None:
        """Settings are merged under a lock."""
        names = ["tax_rate", "shipping_price", "reservation_minutes", "order_expiry_hours"]
        bodies = [{"settings": {name: 100}} for name in names]
        await asyncio.gather(*(shop.admin("PATCH", "/admin/store", json=body, expect=200) for body in bodies))
        settings = (await shop.get("/admin/store"))["settings"]
        assert settings == dict.fromkeys(names, 100)


class TestTheAuditLog:
    """Append only, newest first."""

    async def test_it_can_be_filtered(self, shop: Shop) -> None:
        """By subject, by action, by both."""
        made = [await shop.create("/admin/api-keys", {"kind": "secret", "name": "x"}) for _ in range(2)]
        await shop.admin("DELETE", f"/admin/api-keys/{made[0]['id']}", expect=200)

        async def actions(query: str) -> list[str]:
            rows = await shop.listed(f"/admin/audit-log?{query}")
            return [row["action"] for row in rows]

        assert await actions(f"subject={made[0]['id']}") == ["api_key.revoked", "api_key.created"]
        assert await actions("action=api_key.revoked") == ["api_key.revoked"]
        assert await actions(f"subject={made[1]['id']}&action=api_key.revoked") == []

    async def test_it_says_from_where(self, app: Litestar, shop: Shop) -> None:
        """The address of the request, of the store's own changes and of the operator's."""
        async with client_of(app, "198.51.100.7") as own, client_of(app, "198.51.100.8") as operators:
            key = {"X-API-KEY": shop.secret_key}
            changed = await own.patch(f"{BASE}/admin/store", json={"name": "Moved"}, headers=key)
            limited = await operators.patch(
                f"{BASE}/operator/stores/{shop.id}",
                json={"limits": {"products": 7}},
                headers={"X-OPERATOR-KEY": OPERATOR_KEY},
            )
        assert (changed.status_code, limited.status_code) == (200, 200)
        lines = await shop.listed(f"/admin/audit-log?subject={shop.id}")
        assert [(line["actor_kind"], line["address"]) for line in lines] == [
            ("operator", "198.51.100.8"),
            ("secret", "198.51.100.7"),
            ("operator", "127.0.0.1"),
        ]

    async def test_a_refused_change_leaves_no_line(self, shop: Shop) -> None:
        """The line is written in the transaction of the change."""
        await shop.admin(
            "POST", "/admin/api-keys", json={"kind": "secret", "name": "x", "scopes": ["no:such"]}, expect=422
        )
        rows = await shop.listed("/admin/audit-log")
        assert [row["action"] for row in rows] == ["api_key.created", "api_key.created", "store.created"]
