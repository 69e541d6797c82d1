"""What Stripe notifies of: which events are asked for, what proves one, and what it is about."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from baas.services.payments.providers.base import Handle, Inbound, NotificationRefused

TOLERANCE: Final = 300
"""Seconds that a signature may be old, or ahead."""
EVENTS: Final = (
    *("checkout.session.completed", "checkout.session.async_payment_succeeded"),
    *("checkout.session.async_payment_failed", "checkout.session.expired"),
    *("payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"),
    *("payment_intent.processing", "payment_intent.amount_capturable_updated"),
    *("charge.refunded", "refund.created", "refund.updated", "refund.failed"),
    *("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"),
    *("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"),
)
"""What a store's endpoint is subscribed to."""
DEAUTHORIZED: Final = "account.application.deauthorized"
"""A connected account took the platform's permission back."""
CHANGES: Final = tuple(
    name
    for name in EVENTS
    if name.startswith("payment_intent.")
    or name in {"checkout.session.expired", "refund.updated", "refund.failed"}
    or (name.startswith("charge.dispute.") and not name.endswith("created"))
)
"""What happens to things that were made before: they are in none of the other lists (D-038)."""


def verified(inbound: Inbound, secret: str | None) -> dict[str, Any]:
    """The event that a notification carries, proven by its signature. Raises NotificationRefused."""
    # Here, for most processes never speak with Stripe, and its SDK would take ten megabytes of each.
    import stripe

    header = inbound.headers.get("stripe-signature", "")
    try:
        text = inbound.body.decode()
        if secret is None or not header.isascii():
            raise ValueError("No secret to verify with, or a header that the SDK stumbles over.")
        stripe.WebhookSignature.verify_header(text, header, secret, tolerance=TOLERANCE)
        _refuse_future(header)
        event = msgspec.json.decode(inbound.body)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise NotificationRefused("The signature is not that of this endpoint.") from error
    if not isinstance(event, dict) or not isinstance(event.get("id"), str):
        raise NotificationRefused("This is no event.")
    return event


def _refuse_future(header: str) -> None:
    """The SDK looks only at the past; a signature far ahead could be kept for later."""
    stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
    if not stamps or int(stamps[0]) > time.time() + TOLERANCE:
        raise ValueError("A signature of the future.")


def handle_of(event_type: str, about: Mapping[str, Any]) -> Handle | None:
    """What to ask about, by the kind of the event's object."""
    identity = str(about.get("id") or "")
    if event_type.startswith("checkout.session."):
        session, intent = identity, about.get("payment_intent")
    elif event_type.startswith("payment_intent."):
        session, intent = None, identity
    elif event_type.startswith(("charge.", "refund.")):
        session, intent = None, about.get("payment_intent")
    else:
        return None
    if not session and not intent:
        return None
    return Handle(payment_id=None, session=session, provider_payment_id=id_of(intent) if intent else None)


def changed(events: Sequence[Mapping[str, Any]], since: datetime) -> list[Handle]:
    """What these events are about, once each, as far as it was made before."""
    handles = [
        handle_of(event["type"], event["data"]["object"])
        for event in events
        if event["data"]["object"].get("created", 0) < since.timestamp()
    ]
    return list(dict.fromkeys(handle for handle in handles if handle is not None))


def id_of(thing: Any) -> str:
    """The id of something that may have been expanded."""
    return thing if isinstance(thing, str) else str(thing["id"])
