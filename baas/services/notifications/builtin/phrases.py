"""What a language has to say: one `Phrases` for each template, and the words that all of them share."""

import msgspec


class Phrases(msgspec.Struct, frozen=True, kw_only=True):
    """The sentences of one template. Each is Liquid, and free of HTML."""

    subject: str
    preview: str
    """What a mail program shows beside the subject."""
    badge: str
    """A word or two above the heading."""
    heading: str
    intro: str
    button: str | None = None
    outro: str | None = None


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What templates of a language share."""

    greeting: str
    """With a name, in the variable `customer_name`."""
    order: str
    quantity: str
    subtotal: str
    discount: str
    shipping: str
    free: str
    tax: str
    tax_included: str
    total: str
    refunded: str
    ship_to: str
    carrier: str
    tracking_number: str
    track: str
    reason: str
    endpoint_gone: str
    """Why an endpoint was given up, in place of the English of the log."""
    endpoint_failed: str
    link_hint: str
    """Before the address of a button, for programs that show no buttons."""
    product: str
    sku: str
    available: str
    address: str
    test_store: str
    from_store: str
    """At the foot: who sends this."""
