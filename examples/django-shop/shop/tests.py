"""The shop's own tests: no server, no network. `python manage.py test`"""

from unittest import mock

from baas_sdk import testing
from django.test import TestCase, override_settings

from shop import backend
from shop.models import Order, Product, Task

SECRET = testing.new_secret()


@override_settings(BAAS_WEBHOOK_SECRETS=[SECRET])
class ShopTest(TestCase):
    """A purchase, and everything that can come twice, late or not at all."""

    def setUp(self) -> None:
        """A shelf, and a backend in memory."""
        self.fake = testing.FakeShop()
        shop = self.fake.client(max_retries=0)
        backend.store.cache_clear()
        backend._away_until = 0.0
        patch = mock.patch.object(backend, "client", return_value=shop)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(backend.store.cache_clear)
        self.product = Product.objects.create(slug="mate", name="Mate", price=1000, stock=5)

    def buy(self) -> Order:
        """Put two into the cart and check out."""
        self.client.post("/cart/put", {"slug": "mate", "quantity": "2"})
        self.client.post("/checkout", {"email": "ana@example.com"})
        return Order.objects.latest("pk")

    def deliver(self) -> list[int]:
        """Everything the backend has told so far arrives, again and again."""
        return [
            self.client.post(
                "/hooks/baas", one.body, content_type="application/json", headers=one.headers
            ).status_code
            for one in self.fake.deliveries(SECRET)
        ]

    def sent(self, operation: str) -> list[dict[str, object]]:
        """The bodies that went to the backend."""
        return [call.body for call in self.fake.calls if call.operation == operation]

    def test_an_order_is_fulfilled_once(self) -> None:
        """However often its event comes."""
        order = self.buy()
        assert self.sent("payments.create")[0]["amount"] == 2000
        self.fake.pay(order.payment_id)
        for _ in range(3):
            with self.captureOnCommitCallbacks(execute=True):
                assert set(self.deliver()) == {204}
        order.refresh_from_db()
        self.product.refresh_from_db()
        assert (order.status, self.product.stock) == ("paid", 3)
        assert len(self.sent("notifications.send")) == 1
        assert [body["type"] for body in self.sent("events.publish")] == ["custom.order_fulfilled"]

    def test_the_payer_is_faster_than_the_webhook(self) -> None:
        """The page looks for itself; the event changes nothing more."""
        order = self.buy()
        self.fake.pay(order.payment_id)
        with self.captureOnCommitCallbacks(execute=True):
            self.assertContains(self.client.get(f"/orders/{order.token}"), "Paid")
            self.deliver()
        self.product.refresh_from_db()
        assert self.product.stock == 3
        assert len(self.sent("notifications.send")) == 1

    def test_a_payment_fails_and_is_tried_again(self) -> None:
        """With a payment of its own; a late word about the first one is not heard."""
        order = self.buy()
        first = order.payment_id
        self.fake.decline(first)
        self.deliver()
        order.refresh_from_db()
        assert order.status == "failed"
        self.client.post(f"/orders/{order.token}/pay")
        order.refresh_from_db()
        assert order.payment_id != first
        late = testing.signed_event(
            "payment.failed", {"id": first, "status": "failed", "reference": order.reference}, secret=SECRET
        )
        self.client.post("/hooks/baas", late.body, content_type="application/json", headers=late.headers)
        order.refresh_from_db()
        assert order.status == "open"

    def test_the_backend_is_away(self) -> None:
        """An order is kept, its payment is asked for again, and what was to be told is told later."""
        assert self.client.get("/").status_code == 200
        backend.store()
        self.fake.refuse("payments.create", "unavailable")
        order = self.buy()
        assert (order.status, order.payment_id) == ("open", "")
        self.client.post(f"/orders/{order.token}/pay")
        assert (
            len(
                {
                    call.headers["idempotency-key"]
                    for call in self.fake.calls
                    if call.operation == "payments.create"
                }
            )
            == 1
        )
        order.refresh_from_db()
        self.fake.pay(order.payment_id)
        self.fake.refuse("notifications.send", "unavailable")
        with self.captureOnCommitCallbacks(execute=True):
            self.deliver()
        assert [task.kind for task in Task.objects.filter(done_at=None)] == ["thank"]
        assert backend.run_tasks() == 0

    def test_strangers(self) -> None:
        """What is not signed, or pays another amount, fulfils nothing."""
        order = self.buy()
        for data, secret, status in (
            (
                {"status": "paid", "reference": order.reference, "amount": 2000, "currency": "ARS"},
                testing.new_secret(),
                400,
            ),
            ({"status": "paid", "reference": order.reference, "amount": 1, "currency": "ARS"}, SECRET, 204),
            (
                {"status": "paid", "reference": "somebody-elses", "amount": 2000, "currency": "ARS"},
                SECRET,
                204,
            ),
        ):
            event = testing.signed_event("payment.paid", data, secret=secret)
            answer = self.client.post(
                "/hooks/baas", event.body, content_type="application/json", headers=event.headers
            )
            assert answer.status_code == status
        order.refresh_from_db()
        assert order.status == "open"

    def test_what_is_not_there_is_not_sold(self) -> None:
        """Nor is nothing, to nobody."""
        self.client.post("/cart/put", {"slug": "mate", "quantity": "9"})
        Product.objects.update(stock=1)
        assert self.client.post("/checkout", {"email": "ana@example.com"}).status_code == 409
        assert self.client.post("/checkout", {"email": "ana"}).status_code == 422
        self.client.post("/cart/put", {"slug": "mate", "quantity": "0"})
        assert self.client.post("/checkout", {"email": "ana@example.com"}).status_code == 409
        assert Order.objects.count() == 0
