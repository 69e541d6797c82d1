"""The operator's endpoints: stores from their making to their end, plans, limits, flags."""

import secrets
from typing import Any

import httpx
import msgspec
import pytest

from baas.app import create_app
from baas.core.settings import Settings
from baas.tenants.plans import PLANS, flag_of, limit_of
from baas.worker import Worker
from tests.clients import BASE, Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.running_app import client_of, started

OPERATOR = {"X-OPERATOR-KEY": OPERATOR_KEY}
STORE = {"name": "Mates del Sur", "mode": "test", "currency": "ARS", "country": "AR"}


async def operate(
    http: httpx.AsyncClient, method: str, path: str, expect: int, **options: Any
) -> dict[str, Any]:
    """A request of the operator; the data, or the error."""
    headers = {**OPERATOR, **options.pop("headers", {})}
    response = await http.request(method, f"{BASE}/operator{path}", headers=headers, **options)
    assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text[:500]}"
    body = response.json()
    found: dict[str, Any] = body["data"] if body["success"] else body["error"]
    return found


def slug() -> str:
    """One that nobody has."""
    return f"shop-{secrets.token_hex(6)}"


class TestCreate:
    """A store and its first keys."""

    async def test_its_keys_work_and_are_shown_this_once(self, http: httpx.AsyncClient) -> None:
        """Kind and mode can be read off them."""
        made = await operate(http, "POST", "/stores", 201, json={**STORE, "slug": slug()})
        assert made["secret_key"].startswith("sk_test_")
        assert made["publishable_key"].startswith("pk_test_")
        store = made["store"]
        assert (store["plan"], store["is_active"], store["locale"]) == ("free", True, "en")
        response = await http.get(f"{BASE}/admin/store", headers={"X-API-KEY": made["secret_key"]})
        assert response.json()["data"] == store
        assert made["secret_key"] not in str(await operate(http, "GET", f"/stores/{store['id']}", 200))

    async def test_a_live_store_has_live_keys(self, http: httpx.AsyncClient) -> None:
        """Nobody mistakes one for the other."""
        made = await operate(http, "POST", "/stores", 201, json={**STORE, "slug": slug(), "mode": "live"})
        assert made["secret_key"].startswith("sk_live_")
        assert made["publishable_key"].startswith("pk_live_")

    async def test_a_slug_is_made_from_the_name(self, http: httpx.AsyncClient) -> None:
        """Without accents; a second store of the name needs one of its own."""
        name = f"Ñandú Café {secrets.token_hex(4)}"
        made = await operate(http, "POST", "/stores", 201, json={**STORE, "name": name})
        assert made["store"]["slug"] == name.lower().replace("ñ", "n").replace("ú", "u").replace(
            "é", "e"
        ).replace(" ", "-")
        refused = await operate(http, "POST", "/stores", 409, json={**STORE, "name": name})
        assert refused["code"] == "conflict"

    @pytest.mark.parametrize(
        "field,value",
        [
            ("currency", "XXQ"),
            ("currency", "ars"),
            ("currency", "ARS\n"),
            ("country", "ARG"),
            ("mode", "demo"),
            ("plan", "platinum"),
            ("slug", "Mates"),
            ("slug", "-mates"),
            ("slug", "mates--sur"),
            ("slug", "mates\n"),
            ("slug", "x"),
            ("domain", "https://mates.example"),
            ("domain", "localhost"),
            ("locale", "spanish"),
            ("allowed_origins", ["mates.example"]),
            ("settings", {"tax_rate": 10_001}),
            ("settings", {"tax_rate": -1}),
            ("settings", {"shipping_price": 1.5}),
        ],
    )
    async def test_what_makes_no_sense_is_refused(
        self, http: httpx.AsyncClient, field: str, value: Any
    ) -> None:
        """422, before anything is stored."""
        refused = await operate(http, "POST", "/stores", 422, json={**STORE, "slug": slug(), field: value})
        assert refused["code"] == "validation_error"

    async def test_a_dry_run_makes_no_store(self, http: httpx.AsyncClient) -> None:
        """And a key that opens nothing."""
        name = slug()
        tried = await operate(
            http, "POST", "/stores", 201, json={**STORE, "slug": name}, headers={"Prefer": "dry-run"}
        )
        await operate(http, "GET", f"/stores/{name}", 404)
        response = await http.get(f"{BASE}/admin/store", headers={"X-API-KEY": tried["secret_key"]})
        assert response.status_code == 401


class TestFind:
    """By id or by slug, and in a list."""

    async def test_a_store_is_found_by_both(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """The same answer."""
        by_id = await operate(http, "GET", f"/stores/{shop.id}", 200)
        assert by_id == await operate(http, "GET", f"/stores/{shop.slug}", 200)

    @pytest.mark.parametrize(
        "reference", ["nobody", "store_01h455vb4pex5vsknk084sn02q", "%20", "prod_01h455vb4pex5vsknk084sn02q"]
    )
    async def test_what_is_not_there_is_404(self, http: httpx.AsyncClient, reference: str) -> None:
        """For every verb."""
        await operate(http, "GET", f"/stores/{reference}", 404)
        await operate(http, "POST", f"/stores/{reference}/deactivate", 404)
        await operate(http, "PATCH", f"/stores/{reference}", 404, json={"plan": "pro"})

    async def test_the_list_walks_over_all_newest_first(
        self, http: httpx.AsyncClient, shop: Shop, other_shop: Shop
    ) -> None:
        """Page by page."""
        first = (await http.get(f"{BASE}/operator/stores?limit=1", headers=OPERATOR)).json()
        assert first["data"][0]["id"] == other_shop.id
        cursor = first["pagination"]["next_cursor"]
        second = (await http.get(f"{BASE}/operator/stores?limit=1&cursor={cursor}", headers=OPERATOR)).json()
        assert second["data"][0]["id"] == shop.id
        broken = await http.get(f"{BASE}/operator/stores?cursor={cursor[:-4]}AAAA", headers=OPERATOR)
        assert broken.status_code == 400


class TestUpdate:
    """What the operator changes is in force at once, and noted in the store's audit log."""

    async def test_plan_and_limits(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """A limit of the store's own goes before its plan's; -1 is none."""
        await operate(http, "PATCH", f"/stores/{shop.id}", 200, json={"plan": "free"})
        usage = await shop.get("/admin/usage")
        limits = {row["name"]: row["limit"] for row in usage["limits"]}
        assert limits == PLANS["free"].limits
        await operate(
            http,
            "PATCH",
            f"/stores/{shop.id}",
            200,
            json={"limits": {"products": 1, "webhook_endpoints": -1}},
        )
        usage = await shop.get("/admin/usage")
        limits = {row["name"]: row["limit"] for row in usage["limits"]}
        assert (limits["products"], limits["webhook_endpoints"]) == (1, None)
        assert limits["notifications_per_month"] == PLANS["free"].limits["notifications_per_month"]

    async def test_unknown_limits_and_plans_are_refused(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """With the names that there are."""
        refused = await operate(http, "PATCH", f"/stores/{shop.id}", 422, json={"limits": {"unicorns": 3}})
        assert "products" in refused["message"]
        refused = await operate(http, "PATCH", f"/stores/{shop.id}", 422, json={"plan": "platinum"})
        assert "free" in refused["message"]

    async def test_it_is_in_the_stores_audit_log(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """Who, what, before and after; a change that changes nothing is none."""
        for _ in range(2):
            await operate(http, "PATCH", f"/stores/{shop.id}", 200, json={"plan": "free"})
        lines = await shop.listed(f"/admin/audit-log?subject={shop.id}")
        assert [line["action"] for line in lines] == ["store.updated", "store.created"]
        assert lines[0]["actor_kind"] == "operator"
        assert (lines[0]["old"], lines[0]["new"]) == ({"plan": "pro"}, {"plan": "free"})

    async def test_a_flag_is_switched_and_given_back(
        self, http: httpx.AsyncClient, shop: Shop, worker: Worker
    ) -> None:
        """On, off, and null for what the plan says."""
        for enabled, flags in ((True, {"new-checkout": True}), (False, {"new-checkout": False}), (None, {})):
            store = await operate(
                http, "PUT", f"/stores/{shop.id}/flags/new-checkout", 200, json={"enabled": enabled}
            )
            assert store["flags"] == flags
            worker.table.forget_store((await shop.scope(worker)).store_id)
            scope = await shop.scope(worker)
            assert flag_of(scope.store, "new-checkout") is bool(enabled)

    @pytest.mark.parametrize("flag", ["UPPER", "sp%20ace", "x" * 65, "%C3%A9", "a/b"])
    async def test_a_flag_has_a_plain_name(self, http: httpx.AsyncClient, shop: Shop, flag: str) -> None:
        """It is a key in JSON and a word on the command line."""
        response = await http.put(
            f"{BASE}/operator/stores/{shop.id}/flags/{flag}", json={"enabled": True}, headers=OPERATOR
        )
        assert response.status_code in {404, 422}

    async def test_deactivated_means_refused_and_back(self, http: httpx.AsyncClient, shop: Shop) -> None:
        """Twice is once."""
        for _ in range(2):
            assert (await operate(http, "POST", f"/stores/{shop.id}/deactivate", 200))["is_active"] is False
        response = await shop.admin("GET", "/admin/store", expect=403)
        assert response.json()["error"]["code"] == "store_inactive"
        assert (await operate(http, "POST", f"/stores/{shop.id}/activate", 200))["is_active"] is True
        lines = await shop.listed(f"/admin/audit-log?subject={shop.id}")
        assert [line["action"] for line in lines][:2] == ["store.activated", "store.deactivated"]


class TestTheDoor:
    """Who is an operator."""

    async def test_a_deployment_without_an_operator_key_has_none(self, settings: Settings) -> None:
        """Every key is wrong then."""
        app = create_app(msgspec.structs.replace(settings, operator_key_hash=None))
        async with started(app), client_of(app) as http:
            for headers in ({}, OPERATOR, {"X-OPERATOR-KEY": ""}):
                response = await http.get(f"{BASE}/operator/stores", headers=headers)
                assert response.status_code == 401

    async def test_a_wrong_key_is_refused_in_the_same_words(self, http: httpx.AsyncClient) -> None:
        """And the operator's endpoints answer no origin."""
        response = await http.get(
            f"{BASE}/operator/stores", headers={"X-OPERATOR-KEY": "x", "Origin": "https://a.example"}
        )
        assert response.status_code == 401
        assert "access-control-allow-origin" not in response.headers


class TestPlans:
    """What a plan allows."""

    async def test_the_limit_of_products_is_kept_and_told(self, http: httpx.AsyncClient) -> None:
        """402, with the limit and how much of it is used."""
        shop = await provision(http, OPERATOR_KEY, plan="free")
        await operate(http, "PATCH", f"/stores/{shop.id}", 200, json={"limits": {"products": 1}})
        body = {"name": "One", "variants": [{"price": 1}]}
        await shop.admin("POST", "/admin/products", json=body, expect=201)
        refused = (
            await shop.admin("POST", "/admin/products", json={**body, "name": "Two"}, expect=402)
        ).json()["error"]
        assert refused["code"] == "plan_limit_exceeded"
        assert refused["details"] == {"name": "products", "limit": 1, "used": 1}
        usage = await shop.get("/admin/usage")
        assert next(row["used"] for row in usage["limits"] if row["name"] == "products") == 1

    async def test_every_plan_has_every_limit(self, shop: Shop, worker: Worker) -> None:
        """So that nobody meets one that is missing."""
        scope = await shop.scope(worker)
        for plan in PLANS.values():
            assert plan.limits.keys() == PLANS["free"].limits.keys()
            for name, limit in plan.limits.items():
                store = msgspec.structs.replace(scope.store, plan=plan.name, limits={})
                assert limit_of(store, name) == limit
                assert limit_of(msgspec.structs.replace(store, limits={name: 7}), name) == 7
