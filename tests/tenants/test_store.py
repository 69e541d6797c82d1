"""A store reads and changes itself, and nothing of it works without its key."""

import httpx

from tests.clients import BASE, Shop


async def test_a_key_finds_its_store(shop: Shop) -> None:
    """The secret key's store answers, in the envelope."""
    response = await shop.admin("GET", "/admin/store", expect=200)
    body = response.json()
    assert body["success"] is True
    assert body["data"]["id"] == shop.id
    assert body["meta"]["request_id"] == response.headers["x-request-id"]


async def test_no_key_is_told_what_to_send(http: httpx.AsyncClient) -> None:
    """Without a key the answer names the header."""
    response = await http.get(f"{BASE}/admin/store")
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthenticated"
    assert "X-API-KEY" in response.json()["error"]["message"]
