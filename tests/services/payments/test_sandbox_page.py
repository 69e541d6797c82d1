"""The sandbox's hosted page, as a person, a script and an attacker use it."""

import asyncio
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.clients import Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.services.orders.selling import decide, payment_of
from tests.services.payments.test_payments import collect


def url_of(payment: dict[str, Any]) -> str:
    """The page's address."""
    url: str = payment["next_action"]["url"]
    return url


class TestPage:
    """GET"""

    @pytest.mark.parametrize(
        "locale, language, text, amount",
        [
            ("es-AR", "es", "Aprobar el pago", "ARS 1.234,56"),
            ("pt-BR", "pt", "Aprovar o pagamento", "ARS 1.234,56"),
            ("en-US", "en", "Approve payment", "ARS 1,234.56"),
            ("de-DE", "en", "Approve payment", "ARS 1,234.56"),
        ],
    )
    async def test_speaks_the_stores_language(
        self, shop: Shop, locale: str, language: str, text: str, amount: str
    ) -> None:
        """Spanish, Portuguese, English, and English for the others."""
        store = await provision(shop.http, OPERATOR_KEY, locale=locale)
        page = await store.http.get(url_of(await collect(store, 123_456)))
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert f'<html lang="{language}">' in page.text
        assert text in page.text
        assert amount in page.text

    async def test_a_currency_without_decimals(self, shop: Shop) -> None:
        """Chilean pesos have none."""
        page = await shop.http.get(url_of(await collect(shop, 5_990, currency="CLP")))
        assert "CLP 5.990<" in page.text

    async def test_needs_nothing_from_elsewhere_and_runs_no_script(self, shop: Shop) -> None:
        """A strict policy, nothing to load, nothing kept."""
        page = await shop.http.get(url_of(await collect(shop, return_url="https://shop.example/thanks?a=1")))
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self' https://shop.example;" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert not re.search(r"<script|<img|<link|src=|@import|url\(| on\w+=| style=", page.text)

    async def test_escapes_everything(self, shop: Shop) -> None:
        """What a shop or a payer wrote is text."""
        evil = '"><script>alert(1)</script>&'
        store = await provision(shop.http, OPERATOR_KEY, name=f"Shop {evil}")
        payment = await collect(
            store, description=evil, return_url="https://shop.example/?q='\"><b>", sandbox_token="rejected"
        )
        text = (await store.http.get(url_of(payment))).text
        assert "<script" not in text
        assert "<b>" not in text
        assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;") >= 2

    async def test_the_address_is_the_key(self, shop: Shop, other_shop: Shop) -> None:
        """Another token, another store, another payment: not found, for reading and for deciding."""
        one, two = await collect(shop), await collect(shop)
        store, payment, token = url_of(one).rsplit("/", 3)[1:]
        base = url_of(one).rsplit("/", 3)[0]
        assert len(token) >= 32
        wrong = [
            f"{base}/{store}/{payment}/{'x' * len(token)}",
            f"{base}/{store}/{two['id']}/{token}",
            f"{base}/{other_shop.id}/{payment}/{token}",
            f"{base}/{store}/{payment}/é",
            f"{base}/nowhere/{payment}/{token}",
        ]
        for url in wrong:
            assert (await shop.http.get(url)).status_code == 404
            assert (await shop.http.post(url, data={"outcome": "approved"})).status_code == 404
        assert (await payment_of(shop, one))["status"] == "pending"


class TestDecide:
    """POST"""

    @pytest.mark.parametrize(
        "outcome, status, provider_status",
        [
            ("approved", "paid", "approved"),
            ("rejected", "failed", "rejected"),
            ("pending", "pending", "in_review"),
        ],
    )
    @pytest.mark.parametrize("kind", ["form", "json"])
    async def test_three_outcomes_two_encodings(
        self, shop: Shop, outcome: str, status: str, provider_status: str, kind: str
    ) -> None:
        """The button and the script do the same."""
        payment = await collect(shop)
        if kind == "json":
            response = await shop.http.post(url_of(payment), json={"outcome": outcome})
            assert response.json()["data"] == {
                "payment_id": payment["id"],
                "status": status,
                "provider_status": provider_status,
            }
        else:
            response = await decide(shop, payment, outcome)
            assert f'class="state {provider_status}"' in response.text
        assert response.status_code == 200
        seen = await payment_of(shop, payment)
        assert (seen["status"], seen["provider_status"]) == (status, provider_status)

    async def test_goes_back_to_the_shop_when_it_is_approved(self, shop: Shop) -> None:
        """With the payment's id beside what was in the address already."""
        payment = await collect(shop, return_url="https://shop.example/thanks?cart=7&x=a%20b#top")
        rejected = await decide(shop, payment, "rejected")
        assert rejected.status_code == 200
        assert 'href="https://shop.example/thanks?' in rejected.text
        approved = await decide(shop, payment, "approved")
        assert approved.status_code == 303
        location = urlsplit(approved.headers["location"])
        assert (location.netloc, location.path, location.fragment) == ("shop.example", "/thanks", "top")
        assert parse_qs(location.query) == {
            "cart": ["7"],
            "x": ["a b"],
            "payment_id": [payment["id"]],
            "status": ["approved"],
        }

    @pytest.mark.parametrize(
        "content, content_type",
        [
            (b"", "application/x-www-form-urlencoded"),
            (b"outcome=refunded", "application/x-www-form-urlencoded"),
            (b"outcome=%ff%fe", "application/x-www-form-urlencoded"),
            (b"\xff\xfe", "application/x-www-form-urlencoded"),
            (b"a=1&" * 100, "application/x-www-form-urlencoded"),
            (b"{", "application/json"),
            (b"[]", "application/json"),
            (b'{"outcome": 1}', "application/json"),
            (b"outcome=approved", "application/json"),
        ],
        ids=repr,
    )
    async def test_refuses_what_is_no_outcome(self, shop: Shop, content: bytes, content_type: str) -> None:
        """And nothing moves."""
        payment = await collect(shop)
        response = await shop.http.post(
            url_of(payment), content=content, headers={"Content-Type": content_type}
        )
        assert response.status_code == 422
        assert response.json()["error"]["code"] == "validation_error"
        assert (await payment_of(shop, payment))["status"] == "pending"

    async def test_what_is_approved_stays_approved(self, shop: Shop) -> None:
        """A second button, or the same one again, changes nothing."""
        payment = await collect(shop)
        for outcome in ("approved", "rejected", "pending", "approved"):
            assert (await decide(shop, payment, outcome)).status_code == 200
        assert (await payment_of(shop, payment))["status"] == "paid"

    async def test_different_buttons_at_once(self, shop: Shop) -> None:
        """Whatever the order, money that came in stays."""
        payment = await collect(shop)
        outcomes = ["approved", "rejected", "pending"] * 6
        answers = await asyncio.gather(*(decide(shop, payment, outcome) for outcome in outcomes))
        assert {answer.status_code for answer in answers} == {200}
        assert (await payment_of(shop, payment))["status"] == "paid"
