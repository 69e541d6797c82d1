"""`unwrap`: a typed event, or one clear error."""

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baas_sdk import InvalidWebhook, testing, webhooks
from baas_sdk.types import OrderStatus

SECRET = testing.new_secret()
OTHER = testing.new_secret()


def request(**more: Any) -> testing.SignedEvent:
    return testing.signed_event("order.paid", {"reference": "web-1"}, secret=SECRET, **more)


class TestTypedEvents:
    """What comes out."""

    def test_a_known_type(self) -> None:
        """Its class, with the subject as the API answers it."""
        signed = request()
        event = webhooks.unwrap(signed.body, signed.headers, secret=SECRET)
        match event:
            case webhooks.OrderPaid(data=order):
                assert order.reference == "web-1"
                assert order.status is OrderStatus.PAID
            case _:
                raise AssertionError(event)
        assert event.id == signed.id == signed.headers["webhook-id"]
        assert event.timestamp.tzinfo is not None

    @pytest.mark.parametrize("kind", sorted(webhooks._events.KNOWN))
    def test_every_type(self, kind: str) -> None:
        """The documentation's examples all have their class."""
        signed = testing.signed_event(kind, secret=SECRET)
        assert (
            type(webhooks.unwrap(signed.body, signed.headers, secret=SECRET)) is webhooks._events.KNOWN[kind]
        )

    def test_events_of_the_shop_itself(self) -> None:
        """Have whatever data it sent."""
        signed = testing.signed_event("custom.quote_requested", {"sku": "A"}, secret=SECRET)
        event = webhooks.unwrap(signed.body, signed.headers, secret=SECRET)
        assert isinstance(event, webhooks.CustomEvent)
        assert event.data == {"sku": "A"}

    def test_what_is_newer_is_no_error(self) -> None:
        """Neither a new type, nor a new field, nor a shape that a shop gave to its own order."""
        for signed, data in (
            (testing.signed_event("order.teleported", {"a": 1}, secret=SECRET), {"a": 1}),
            (
                testing.signed_event("webhook_endpoint.renamed", {"message": "hi"}, secret=SECRET),
                {"message": "hi"},
            ),
        ):
            event = webhooks.unwrap(signed.body, signed.headers, secret=SECRET)
            assert isinstance(event, webhooks.UnknownEvent)
            assert event.data == data
        assert isinstance(
            webhooks.unwrap(*_signed({"type": "order.paid", "data": {"mine": 1}}), secret=SECRET),
            webhooks.UnknownEvent,
        )
        signed = testing.signed_event("order.paid", {"brand_new": 1}, secret=SECRET, also_new=2)
        assert isinstance(webhooks.unwrap(signed.body, signed.headers, secret=SECRET), webhooks.OrderPaid)


def _signed(event: Any) -> tuple[bytes, dict[str, str]]:
    envelope = {
        "id": "evt_1",
        "api_version": "1",
        "timestamp": "2026-11-21T14:03:27Z",
        "store_id": "s",
        "subject": "x",
        "sequence": 1,
    }
    body = json.dumps({**envelope, **event} if isinstance(event, dict) else event).encode()
    return body, webhooks.sign(body, message_id="evt_1", timestamp=int(time.time()), secret=SECRET)


class TestProof:
    """What is believed, and what is not."""

    def test_several_secrets(self) -> None:
        """While one is rotated, in either direction; and any iterable."""
        signed = request()
        webhooks.unwrap(signed.body, signed.headers, secret=[OTHER, SECRET])
        webhooks.unwrap(signed.body, signed.headers, secret=iter((SECRET, OTHER)))
        both = webhooks.sign(
            signed.body,
            message_id=signed.id,
            timestamp=int(signed.headers["webhook-timestamp"]),
            secret=OTHER,
        )
        header = f"{both['webhook-signature']} {signed.headers['webhook-signature']} v2,abc"
        webhooks.unwrap(signed.body, {**signed.headers, "webhook-signature": header}, secret=SECRET)

    def test_five_minutes_either_way(self) -> None:
        """A message of yesterday is no message, nor is one of tomorrow."""
        signed = request(timestamp=1_800_000_000)
        for offset in (-300, 0, 300):
            webhooks.unwrap(signed.body, signed.headers, secret=SECRET, now=1_800_000_000 + offset)
        for offset in (-301, 301):
            with pytest.raises(InvalidWebhook, match="five minutes"):
                webhooks.unwrap(signed.body, signed.headers, secret=SECRET, now=1_800_000_000 + offset)
        with pytest.raises(InvalidWebhook):
            webhooks.unwrap(signed.body, signed.headers, secret=SECRET)

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    @pytest.mark.parametrize(
        "value", [None, "", "x", "v1,", "-1", "1e9", "١٢٣", "9" * 400, b"\xff", 5, "v1,\ud800"]
    )
    def test_malformed_headers(self, name: str, value: Any) -> None:
        """All raise the one error."""
        signed = request()
        headers = {**signed.headers, name: value}
        with pytest.raises(InvalidWebhook):
            webhooks.unwrap(signed.body, headers, secret=SECRET)
        with pytest.raises(InvalidWebhook):
            webhooks.unwrap(signed.body, {key: v for key, v in headers.items() if key != name}, secret=SECRET)

    def test_header_names_of_every_framework(self) -> None:
        """In any case, as WSGI writes them, and with values as bytes."""
        signed = request()
        for form in (
            {name.upper(): value for name, value in signed.headers.items()},
            {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.headers.items()},
            {name: value.encode() for name, value in signed.headers.items()},
        ):
            webhooks.unwrap(signed.body, form, secret=SECRET)

    def test_headers_that_walk_as_pairs(self) -> None:
        """As those of Werkzeug: missing is missing, in any case, and nothing else happens."""
        from werkzeug.datastructures import Headers

        signed = request()
        webhooks.unwrap(signed.body, Headers(signed.headers), secret=SECRET)
        with pytest.raises(InvalidWebhook, match="webhook-id is missing"):
            webhooks.unwrap(signed.body, Headers({"x": "y"}), secret=SECRET)

    def test_only_raw_bytes(self) -> None:
        """A parsed body is refused with the reason, before any cryptography."""
        signed = request()
        for body in (signed.body.decode(), json.loads(signed.body), None):
            with pytest.raises(InvalidWebhook, match="raw bytes"):
                webhooks.unwrap(body, signed.headers, secret=SECRET)  # type: ignore[arg-type]  # on purpose
        again = json.dumps(json.loads(signed.body)).encode()
        with pytest.raises(InvalidWebhook, match="No signature fits"):
            webhooks.unwrap(again, signed.headers, secret=SECRET)

    @pytest.mark.parametrize("secret", ["", "whsec_", "whsec_$$$", [], [SECRET, ""], None, ["x y"]])
    def test_a_secret_that_is_none(self, secret: Any) -> None:
        """Never lets anything through."""
        signed = request()
        with pytest.raises(InvalidWebhook, match="secret"):
            webhooks.unwrap(signed.body, signed.headers, secret=secret)

    @pytest.mark.parametrize(
        "body", [b"", b"null", b"[]", b"{", b'{"type": 5}', b'{"type": "order.paid"}', b"\xff"]
    )
    def test_a_signed_body_that_is_no_event(self, body: bytes) -> None:
        """Raises the same error."""
        headers = webhooks.sign(body, message_id="evt_1", timestamp=int(time.time()), secret=SECRET)
        with pytest.raises(InvalidWebhook, match="no event"):
            webhooks.unwrap(body, headers, secret=SECRET)

    def test_comparison_is_constant_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every candidate is compared by `compare_digest`, also after one has fitted."""
        import hmac

        seen: list[bytes] = []
        real = hmac.compare_digest

        def compare(left: bytes, right: bytes) -> bool:
            seen.append(right)
            return real(left, right)

        monkeypatch.setattr("hmac.compare_digest", compare)
        signed = request()
        header = f"{signed.headers['webhook-signature']} v1,{base64.b64encode(b'x' * 32).decode()}"
        webhooks.unwrap(signed.body, {**signed.headers, "webhook-signature": header}, secret=[SECRET, OTHER])
        assert len(seen) == 4

    @settings(max_examples=200, deadline=None)
    @given(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=50)
        ),
    )
    def test_garbage_raises_nothing_else(self, body: bytes, headers: dict[str, str]) -> None:
        """Whatever arrives."""
        with pytest.raises(InvalidWebhook):
            webhooks.unwrap(body, headers, secret=SECRET)

    def test_other_people_agree(self) -> None:
        """The specification's own library verifies what we sign, and we verify what it signs."""
        import datetime as dt

        from standardwebhooks import Webhook

        signed = request()
        Webhook(SECRET).verify(signed.body, signed.headers)
        now = dt.datetime.now(dt.timezone.utc)
        text = signed.body.decode()
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign("evt_1", now, text),
        }
        webhooks.unwrap(signed.body, headers, secret=SECRET)
