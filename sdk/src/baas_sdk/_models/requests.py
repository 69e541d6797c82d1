# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""What the API takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypedDict

from msgspec import UNSET, UnsetType

from baas_sdk._models.enums import (
    AdjustmentReasonWord,
    ChannelWord,
    EmailProviderWord,
    KeyKindWord,
    PolicyWord,
    ProductStatusWord,
    ReplayOfWord,
    SecurityWord,
    SwitchWord,
    TemplateChannelWord,
    VariantKindWord,
)
from baas_sdk._models.responses import Brand, ProviderTemplate, Tracking
from baas_sdk._struct import Request


class AddItem(Request, kw_only=True):
    """A variant to add; one that is in the cart already gets that many more."""

    quantity: int | UnsetType = UNSET
    variant_id: str


class Address(Request, kw_only=True):
    """Where something or somebody is."""

    city: str
    company: str | None = None
    country: str
    """ISO 3166-1 alpha-2"""
    line1: str
    line2: str | None = None
    name: str
    phone: str | None = None
    postal_code: str | None = None
    region: str | None = None
    tax_id: str | None = None


class Adjust(Request, kw_only=True):
    """Stock that came or went."""

    note: str | None = None
    quantity: int
    """Positive adds, negative takes; not zero."""
    reason: AdjustmentReasonWord


class AdvanceClock(Request, kw_only=True):
    """How far to move the clock."""

    advance: str
    """Weeks, days, hours, minutes, seconds: `2w`, `3d`, `1h30m`, `45s`."""


class CancelOrder(Request, kw_only=True):
    """Why an order is cancelled."""

    reason: str | None = None


class CategoryPatch(Request, kw_only=True):
    """What to change of a category; `parent_id: null` makes it a root."""

    is_active: bool | UnsetType = UNSET
    name: str | UnsetType = UNSET
    parent_id: str | None | UnsetType = UNSET
    position: int | UnsetType = UNSET
    slug: str | UnsetType = UNSET


class CreateApiKey(Request, kw_only=True):
    """A new key. A publishable one may only have the scope `storefront`."""

    expires_in_days: int | None = None
    kind: KeyKindWord
    name: str
    scopes: Sequence[str] | None = None


class CreateCategory(Request, kw_only=True):
    """A category to be made."""

    is_active: bool | UnsetType = UNSET
    name: str
    parent_id: str | None = None
    position: int | UnsetType = UNSET
    slug: str | None = None


class CreateEndpoint(Request, kw_only=True):
    """Where to send which events."""

    description: str | None = None
    event_types: Sequence[str]
    """`*`, a family such as `order.*`, or exact types."""
    ordered: bool | UnsetType = UNSET
    """Send the events of one subject strictly in order, each only after the one before has ended."""
    url: str
    """https, on port 443, at a public address. Test stores may use http and loopback in development."""


class CreateRefund(Request, kw_only=True):
    """Give money back: all that is left, or a part."""

    amount: int | None = None
    """Everything that was not refunded yet when left out."""
    reason: str | None = None


class DeliverOrder(Request, kw_only=True):
    """The customer has it."""

    reason: str | None = None


class FulfillOrder(Request, kw_only=True):
    """The shop begins to prepare the order."""

    reason: str | None = None


class ImageInput(Request, kw_only=True):
    """An image by its address, which may be relative to the API's own."""

    alt: str | UnsetType = UNSET
    position: int | None = None
    """From 1; without it the image goes to the end."""
    url: str
    variant_ids: Sequence[str] | UnsetType = UNSET
    """Variants that this image shows."""


class ImagePatch(Request, kw_only=True):
    """What to change of an image."""

    alt: str | UnsetType = UNSET
    position: int | UnsetType = UNSET
    url: str | UnsetType = UNSET
    variant_ids: Sequence[str] | UnsetType = UNSET


class ImportForm(Request, kw_only=True):
    """A file and its format, as a form."""

    file: bytes
    """At most 10 MiB."""
    format: str | UnsetType = UNSET


class MergeCart(Request, kw_only=True):
    """The other cart, whose lines come into this one; it is closed afterwards."""

    cart_id: str


class NewItem(Request, kw_only=True):
    """A variant of the catalogue, or a line of the shop's own with a name and a price."""

    name: str | None = None
    quantity: int
    requires_shipping: bool | UnsetType = UNSET
    sku: str | None = None
    taxable: bool | UnsetType = UNSET
    """Of a line of the shop's own; a variant knows it itself."""
    unit_price: int | None = None
    """The catalogue's price when left out."""
    variant_id: str | None = None


class OptionInput(Request, kw_only=True):
    """An option, such as Colour. Values are those of the variants; listed here they get this order."""

    name: str
    values: Sequence[str] | UnsetType = UNSET


class Payer(Request, kw_only=True):
    """Who pays, as far as the shop knows."""

    email: str | None = None


class Preview(Request, kw_only=True):
    """What to look at: a version, the one in use, or a draft (`body`, …) that is not stored."""

    body: str | None = None
    channel: TemplateChannelWord | UnsetType = UNSET
    data: Mapping[str, Any] | None = None
    """Sample data unless given."""
    html: str | None = None
    locale: str | None = None
    notification_id: str | None = None
    """Use the data of this notification."""
    subject: str | None = None
    version: int | None = None


class PublishEvent(Request, kw_only=True):
    """A fact of the client's own shop."""

    data: Mapping[str, Any]
    """Anything, up to 256 KiB of JSON."""
    deduplication_key: str | None = None
    """The same key within 90 days answers the event that it made first."""
    subject: str | None = None
    """What the event is about; its events carry a rising `sequence`. Without it, `data.id` if that is a
    text or a number, else the event itself.
    """
    type: str
    """`custom.<name>`, or `order.created` or `order.paid` when the shop keeps its orders elsewhere."""


class PutEmail(Request, kw_only=True):
    """Over what mail goes. `host`, `security`, … are for `smtp`, `api_key` is for the others."""

    api_key: str | None = None
    """Write-only; the one that is there stays when it is absent."""
    host: str | None = None
    password: str | None = None
    """Write-only; the one that is there stays when it is absent and host and user name are the same."""
    port: int | None = None
    """465, 587 or 2525; 465 with `tls` and 587 with `starttls` unless given."""
    provider: EmailProviderWord
    security: SecurityWord | UnsetType = UNSET
    username: str | None = None


class PutPaymentProvider(Request, kw_only=True):
    """A store's account with a provider. What is left out stays as it is."""

    credentials: Mapping[str, str] | None = None
    enabled: bool | UnsetType = UNSET
    webhook_secret: str | None = None


class PutWhatsApp(Request, kw_only=True):
    """The store's number at the Cloud API."""

    access_token: str | None = None
    """Write-only; the one that is there stays when it is absent."""
    app_secret: str | None = None
    """Of the Meta app, which signs its reports with it. Write-only; the one that is there stays when it is
    absent.
    """
    phone_number_id: str
    verify_token: str | None = None
    """What Meta has to say when the address for its reports is registered, in your own words. Write-only;
    the one that is there stays when it is absent.
    """


class RefundItem(Request, kw_only=True):
    """Pieces of a line to give back."""

    order_item_id: str
    quantity: int


class Replay(Request, kw_only=True):
    """What to send again to an endpoint."""

    event_types: Sequence[str] | None = None
    since: dt.datetime
    until: dt.datetime | None = None
    which: ReplayOfWord | UnsetType = UNSET
    """`failed` takes up deliveries that were given up; `all` sends every event that the endpoint's patterns
    match, also those from before it existed or while it was disabled.
    """


class RetryPayment(Request, kw_only=True):
    """Try to pay again."""

    provider: str
    return_url: str | None = None
    sandbox_token: Literal["approved", "page", "pending", "rejected"] | None = None
    stripe_mode: Literal["checkout", "elements"] | None = None


class ReturnOrder(Request, kw_only=True):
    """The goods came back."""

    reason: str | None = None
    restock: bool | UnsetType = UNSET
    """Put everything back on the shelf."""


class RotateApiKey(Request, kw_only=True):
    """How long the old key goes on working, in seconds; 0 ends it at once."""

    grace_seconds: int | UnsetType = UNSET


class RuleSetting(Request, kw_only=True):
    """Whether a message follows from its event, and over what."""

    channels: Sequence[ChannelWord] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class SendNotification(Request, kw_only=True):
    """A message: a template with its data, or a subject and a text."""

    about: str | None = None
    """The id of what it is about, to find it by."""
    body: str | None = None
    """Plain text; in a mail it stands in the store's looks."""
    channel: ChannelWord | UnsetType = UNSET
    data: Mapping[str, Any] | UnsetType = UNSET
    locale: str | None = None
    """The store's unless given."""
    subject: str | None = None
    template_key: str | None = None
    to: str
    """An e-mail address, or a phone number with its country code."""


class Seo(Request, kw_only=True):
    """What search engines show."""

    description: str | UnsetType = UNSET
    title: str | UnsetType = UNSET


class SetItem(Request, kw_only=True):
    """The quantity a line shall have; 0 removes the line."""

    quantity: int


class SetLevel(Request, kw_only=True):
    """What to set; absent fields stay as they are."""

    low_stock_at: int | None | UnsetType = UNSET
    """`inventory.low` is sent when `available` falls to this number."""
    note: str | None = None
    on_hand: int | UnsetType = UNSET
    """Pieces that exist. Begins to track the variant unless `tracked` says otherwise."""
    policy: PolicyWord | UnsetType = UNSET
    tracked: bool | UnsetType = UNSET
    """Whether stock is counted; without counting it can always be bought."""


class StoreSettings(Request, kw_only=True):
    """How a store sells. What is absent keeps its value (in a PATCH) or its default."""

    admin_origins: Sequence[str] | UnsetType = UNSET
    """Origins of the store's own dashboards, which may call admin endpoints from a browser."""
    brand: Mapping[str, str] | UnsetType = UNSET
    """`logo_url`, `color`, `footer`, … for messages to customers."""
    order_expiry_hours: int | UnsetType = UNSET
    """When an order that nobody pays is cancelled."""
    reservation_minutes: int | UnsetType = UNSET
    """How long a checkout holds its stock."""
    shipping_price: int | UnsetType = UNSET
    """One flat price, in the minor unit."""
    show_stock: bool | UnsetType = UNSET
    """Whether the storefront tells how many are left, or only whether there are some."""
    tax_rate: int | UnsetType = UNSET
    """One flat rate in basis points: 2100 is 21 %."""


class TestSend(Request, kw_only=True):
    """Send a template to yourself."""

    channel: ChannelWord | UnsetType = UNSET
    data: Mapping[str, Any] | None = None
    """Sample data unless given."""
    locale: str | None = None
    to: str
    """An e-mail address, or a phone number with its country code."""
    version: int | None = None


class UpdateEndpoint(Request, kw_only=True):
    """What to change; what is absent stays. `ordered` counts for what is pending, too."""

    description: str | None | UnsetType = UNSET
    event_types: Sequence[str] | UnsetType = UNSET
    """`*`, a family such as `order.*`, or exact types."""
    ordered: bool | UnsetType = UNSET
    status: SwitchWord | UnsetType = UNSET
    """Disabling ends what is pending as failed; enabling clears the failures, and `replay` sends what was
    missed.
    """
    url: str | UnsetType = UNSET


class VariantInput(Request, kw_only=True):
    """A variant to be made."""

    barcode: str | None = None
    compare_at_price: int | None = None
    """What it cost before; shown struck through."""
    image_url: str | None | UnsetType = UNSET
    """The image that shows this variant; joins the product's images if it is not among them. Absent, a
    variant that is there already keeps the one it has.
    """
    kind: VariantKindWord | UnsetType = UNSET
    on_hand: int | None = None
    """Stock to start with. Without it stock is not tracked, and the variant can always be bought."""
    option_values: Sequence[str] | UnsetType = UNSET
    """One for each option of the product, in the product's order."""
    price: int
    """Minor units of the store's currency"""
    requires_shipping: bool | None = None
    """Unless given: true for physical things."""
    sku: str | None = None
    taxable: bool | UnsetType = UNSET
    weight_grams: int | UnsetType = UNSET


class VariantPatch(Request, kw_only=True):
    """What to change of a variant; absent fields stay as they are."""

    barcode: str | None | UnsetType = UNSET
    compare_at_price: int | None | UnsetType = UNSET
    image_url: str | None | UnsetType = UNSET
    kind: VariantKindWord | UnsetType = UNSET
    option_values: Sequence[str] | UnsetType = UNSET
    position: int | UnsetType = UNSET
    price: int | UnsetType = UNSET
    """Minor units of the store's currency"""
    requires_shipping: bool | UnsetType = UNSET
    sku: str | None | UnsetType = UNSET
    taxable: bool | UnsetType = UNSET
    weight_grams: int | UnsetType = UNSET


class Checkout(Request, kw_only=True):
    """The customer agrees. What is left out is taken from the cart."""

    _nested: ClassVar[Mapping[str, Any]] = {"billing_address": Address, "shipping_address": Address}
    billing_address: Address | None = None
    email: str | None = None
    expected_total: int | None = None
    """What the customer saw; another total is refused with `price_changed`."""
    note: str | None = None
    provider: str
    return_url: str | None = None
    sandbox_token: Literal["approved", "page", "pending", "rejected"] | None = None
    shipping_address: Address | None = None
    stripe_mode: Literal["checkout", "elements"] | None = None


class CreateCart(Request, kw_only=True):
    """A new cart, empty unless items are given."""

    _nested: ClassVar[Mapping[str, Any]] = {"items": AddItem}
    email: str | None = None
    items: Sequence[AddItem] | UnsetType = UNSET


class CreateOrder(Request, kw_only=True):
    """An order that the client's own shop took."""

    _nested: ClassVar[Mapping[str, Any]] = {
        "billing_address": Address,
        "items": NewItem,
        "shipping_address": Address,
    }
    billing_address: Address | None = None
    discount_total: int | UnsetType = UNSET
    """In the currency's minor unit"""
    email: str | None = None
    items: Sequence[NewItem]
    metadata: Mapping[str, Any] | UnsetType = UNSET
    note: str | None = None
    paid: bool | UnsetType = UNSET
    """The shop has the money already; stock is taken at once."""
    reference: str | None = None
    """The shop's own name for the order."""
    reserve_stock: bool | UnsetType = UNSET
    """Hold the stock until the order is paid, cancelled or expired."""
    shipping_address: Address | None = None
    shipping_total: int | None = None
    """The store's shipping price when left out and something ships."""


class CreateOrderRefund(Request, kw_only=True):
    """What to give back of an order: an amount, some of its lines, or what was paid too much. One of the
    three, or none: then everything that is left.
    """

    _nested: ClassVar[Mapping[str, Any]] = {"items": RefundItem}
    amount: int | None = None
    items: Sequence[RefundItem] | None = None
    overpayment: bool | UnsetType = UNSET
    """Exactly what came in beyond the order's total."""
    reason: str | None = None
    restock: bool | UnsetType = UNSET
    """The pieces of `items` are for sale again."""


class CreatePayment(Request, kw_only=True):
    """A payment of a shop that keeps its own orders, or another attempt for one of ours."""

    _nested: ClassVar[Mapping[str, Any]] = {"payer": Payer}
    amount: int
    """In the currency's minor unit"""
    currency: str | None = None
    """The store's own when left out."""
    description: str | None = None
    metadata: Mapping[str, Any] | UnsetType = UNSET
    order_id: str | None = None
    payer: Payer | None = None
    provider: str
    reference: str | None = None
    """The shop's own name for what is paid."""
    return_url: str | None = None
    sandbox_token: Literal["approved", "page", "pending", "rejected"] | None = None
    stripe_mode: Literal["checkout", "elements"] | None = None


class CreateProduct(Request, kw_only=True):
    """A product with all that belongs to it."""

    _nested: ClassVar[Mapping[str, Any]] = {
        "images": ImageInput,
        "options": OptionInput,
        "seo": Seo,
        "variants": VariantInput,
    }
    categories: Sequence[str] | UnsetType = UNSET
    """Ids or slugs of categories"""
    description: str | UnsetType = UNSET
    """HTML; sanitised when stored"""
    handle: str | None = None
    """The product's part of an address; made from the name unless given."""
    images: Sequence[ImageInput] | UnsetType = UNSET
    metadata: Mapping[str, Any] | UnsetType = UNSET
    """Anything of the client's own, up to 16 KiB; storefronts do not see it."""
    name: str
    options: Sequence[OptionInput] | UnsetType = UNSET
    product_type: str | UnsetType = UNSET
    seo: Seo | UnsetType = UNSET
    status: ProductStatusWord | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    variants: Sequence[VariantInput]
    vendor: str | UnsetType = UNSET


class ProductPatch(Request, kw_only=True):
    """What to change of a product; absent fields stay as they are. `variants` and `images` replace the
    whole list: a variant keeps its id when its option values, or else its SKU, are those of a present
    one.
    """

    _nested: ClassVar[Mapping[str, Any]] = {
        "images": ImageInput,
        "options": OptionInput,
        "seo": Seo,
        "variants": VariantInput,
    }
    categories: Sequence[str] | UnsetType = UNSET
    """Ids or slugs of categories"""
    description: str | UnsetType = UNSET
    """HTML; sanitised when stored"""
    handle: str | UnsetType = UNSET
    images: Sequence[ImageInput] | UnsetType = UNSET
    metadata: Mapping[str, Any] | UnsetType = UNSET
    name: str | UnsetType = UNSET
    options: Sequence[OptionInput] | UnsetType = UNSET
    product_type: str | UnsetType = UNSET
    seo: Seo | UnsetType = UNSET
    status: ProductStatusWord | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    variants: Sequence[VariantInput] | UnsetType = UNSET
    vendor: str | UnsetType = UNSET


class PutSettings(Request, kw_only=True):
    """What to change; what is absent stays, null takes it away."""

    _nested: ClassVar[Mapping[str, Any]] = {
        "brand": Brand,
        "email": PutEmail,
        "rules": RuleSetting,
        "whatsapp": PutWhatsApp,
    }
    alerts_to: str | None | UnsetType = UNSET
    """Where messages to the store itself go."""
    brand: Brand | UnsetType = UNSET
    """The given object replaces the former one."""
    email: PutEmail | UnsetType = UNSET
    locale: str | None | UnsetType = UNSET
    reply_to: str | None | UnsetType = UNSET
    rules: Mapping[str, RuleSetting] | UnsetType = UNSET
    """By template key; what is absent stays."""
    sender_email: str | None | UnsetType = UNSET
    """From whom mail comes; only with a provider of the store's own."""
    sender_name: str | None | UnsetType = UNSET
    whatsapp: PutWhatsApp | None | UnsetType = UNSET


class PutTemplate(Request, kw_only=True):
    """A new version of a template, in Liquid. It is in use at once unless `activate` says otherwise."""

    _nested: ClassVar[Mapping[str, Any]] = {"provider_template": ProviderTemplate}
    activate: bool | UnsetType = UNSET
    body: str
    """The text part of a mail, or the message."""
    channel: TemplateChannelWord | UnsetType = UNSET
    html: str | None = None
    """Of a mail; without it, the mail is plain text."""
    locale: str
    provider_template: ProviderTemplate | None = None
    """Of a WhatsApp message."""
    subject: str | None = None
    """Of a mail."""


class ShipOrder(Request, kw_only=True):
    """The parcel is on its way."""

    _nested: ClassVar[Mapping[str, Any]] = {"tracking": Tracking}
    reason: str | None = None
    tracking: Tracking | None = None


class UpdateCart(Request, kw_only=True):
    """What to change; absent fields stay as they are, null takes away."""

    _nested: ClassVar[Mapping[str, Any]] = {"billing_address": Address, "shipping_address": Address}
    billing_address: Address | None | UnsetType = UNSET
    discount_codes: Sequence[str] | UnsetType = UNSET
    email: str | None | UnsetType = UNSET
    shipping_address: Address | None | UnsetType = UNSET
    shipping_method_id: str | None | UnsetType = UNSET


class UpdateStore(Request, kw_only=True):
    """What a store may change of itself. Absent fields stay as they are."""

    _nested: ClassVar[Mapping[str, Any]] = {"settings": StoreSettings}
    allowed_origins: Sequence[str] | UnsetType = UNSET
    country: str | UnsetType = UNSET
    domain: str | None | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    prices_include_tax: bool | UnsetType = UNSET
    settings: StoreSettings | UnsetType = UNSET


class _AddItemRequired(TypedDict):
    variant_id: str


class AddItemDict(_AddItemRequired, total=False):
    """A AddItem as a dict."""

    quantity: int


class _AddressRequired(TypedDict):
    city: str
    country: str
    line1: str
    name: str


class AddressDict(_AddressRequired, total=False):
    """A Address as a dict."""

    company: str | None
    line2: str | None
    phone: str | None
    postal_code: str | None
    region: str | None
    tax_id: str | None


class BrandDict(TypedDict, total=False):
    """A Brand as a dict."""

    cart_url: str | None
    color: str | None
    footer: str | None
    logo_url: str | None
    name: str | None
    order_url: str | None
    url: str | None


class _ImageInputRequired(TypedDict):
    url: str


class ImageInputDict(_ImageInputRequired, total=False):
    """A ImageInput as a dict."""

    alt: str
    position: int | None
    variant_ids: Sequence[str]


class _NewItemRequired(TypedDict):
    quantity: int


class NewItemDict(_NewItemRequired, total=False):
    """A NewItem as a dict."""

    name: str | None
    requires_shipping: bool
    sku: str | None
    taxable: bool
    unit_price: int | None
    variant_id: str | None


class _OptionInputRequired(TypedDict):
    name: str


class OptionInputDict(_OptionInputRequired, total=False):
    """A OptionInput as a dict."""

    values: Sequence[str]


class PayerDict(TypedDict, total=False):
    """A Payer as a dict."""

    email: str | None


class _ProviderTemplateRequired(TypedDict):
    language: str
    name: str


class ProviderTemplateDict(_ProviderTemplateRequired, total=False):
    """A ProviderTemplate as a dict."""

    parameters: Sequence[str]


class _PutEmailRequired(TypedDict):
    provider: EmailProviderWord


class PutEmailDict(_PutEmailRequired, total=False):
    """A PutEmail as a dict."""

    api_key: str | None
    host: str | None
    password: str | None
    port: int | None
    security: SecurityWord
    username: str | None


class _PutWhatsAppRequired(TypedDict):
    phone_number_id: str


class PutWhatsAppDict(_PutWhatsAppRequired, total=False):
    """A PutWhatsApp as a dict."""

    access_token: str | None
    app_secret: str | None
    verify_token: str | None


class _RefundItemRequired(TypedDict):
    order_item_id: str
    quantity: int


class RefundItemDict(_RefundItemRequired, total=False):
    """A RefundItem as a dict."""


class RuleSettingDict(TypedDict, total=False):
    """A RuleSetting as a dict."""

    channels: Sequence[ChannelWord]
    enabled: bool


class SeoDict(TypedDict, total=False):
    """A Seo as a dict."""

    description: str
    title: str


class StoreSettingsDict(TypedDict, total=False):
    """A StoreSettings as a dict."""

    admin_origins: Sequence[str]
    brand: Mapping[str, str]
    order_expiry_hours: int
    reservation_minutes: int
    shipping_price: int
    show_stock: bool
    tax_rate: int


class TrackingDict(TypedDict, total=False):
    """A Tracking as a dict."""

    carrier: str | None
    number: str | None
    url: str | None


class _VariantInputRequired(TypedDict):
    price: int


class VariantInputDict(_VariantInputRequired, total=False):
    """A VariantInput as a dict."""

    barcode: str | None
    compare_at_price: int | None
    image_url: str | None
    kind: VariantKindWord
    on_hand: int | None
    option_values: Sequence[str]
    requires_shipping: bool | None
    sku: str | None
    taxable: bool
    weight_grams: int
