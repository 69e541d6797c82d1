"""The public words of the notifications."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.tenants.schemas import Locale

MAX_DATA_BYTES: Final = 64 * 1024
"""JSON of the data of one notification."""
EMAIL_PATTERN: Final = r"^[^@\s,;<>()\"\\]{1,64}@[^@\s,;<>()\"\\]+\.[^@\s,;<>()\"\\.]+$(?!\n)"

Email = Annotated[str, Meta(max_length=254, pattern=EMAIL_PATTERN, examples=["ana@example.com"])]
Key = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,62}$(?!\n)", examples=["order_shipped"])]
To = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        description="An e-mail address, or a phone number with its country code.",
    ),
]
Line = Annotated[str, Meta(min_length=1, max_length=250)]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
Url = Annotated[str, Meta(max_length=1000, pattern=r"^https?://[^\s\"'<>\\]+$(?!\n)")]
About = Annotated[str, Meta(min_length=1, max_length=200)]


class Channel(StrEnum):
    """`whatsapp` sends over the Cloud API; `whatsapp_link` makes a link that a person opens."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"
    WHATSAPP_LINK = "whatsapp_link"


class TemplateChannel(StrEnum):
    """A text for WhatsApp serves both of its channels."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"

    @classmethod
    def of(cls, channel: Channel) -> "TemplateChannel":
        """Whose templates a channel uses."""
        return cls.EMAIL if channel is Channel.EMAIL else cls.WHATSAPP


class NotificationStatus(StrEnum):
    """`sent` means handed over: to the mail server, to the Cloud API, or, for a link, that the link is made.

    A message that WhatsApp took and could not deliver goes on from `sent` to `failed` when WhatsApp says so.
    """

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class EmailProvider(StrEnum):
    """Over what a store's mail goes."""

    DEPLOYMENT = "deployment"
    """The sender of this deployment, with the store's name. Mail of test stores stays in the inbox viewer."""
    SMTP = "smtp"
    RESEND = "resend"
    SENDGRID = "sendgrid"


class Security(StrEnum):
    """How the connection to a mail server is encrypted; there is no way without."""

    STARTTLS = "starttls"
    TLS = "tls"


class ProviderTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message template that Meta approved, for messages outside the 24 hours after a customer's own."""

    name: Annotated[str, Meta(min_length=1, max_length=512)]
    language: Annotated[str, Meta(min_length=2, max_length=16, examples=["es_AR"])]
    parameters: Annotated[list[Annotated[str, Meta(max_length=1000)]], Meta(max_length=20)] = []
    """Liquid, one for each variable of its body."""


class SendNotification(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message: a template with its data, or a subject and a text."""

    channel: Channel = Channel.EMAIL
    to: To
    template_key: Key | None = None
    locale: Locale | None = None
    """The store's unless given."""
    data: Annotated[dict[str, Any], Meta(examples=[{}])] = {}
    subject: Annotated[Line | None, Meta(examples=["Tu mate está listo"])] = None
    body: (
        Annotated[str, Meta(min_length=1, max_length=20_000, examples=["Tu mate está listo para retirar."])]
        | None
    ) = None
    """Plain text; in a mail it stands in the store's looks."""
    about: About | None = None
    """The id of what it is about, to find it by."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one recipient over one channel."""

    id: str
    channel: Channel
    to: str
    status: NotificationStatus
    template_key: str | None
    template_version: int | None
    """0 is the built-in one; known once it is rendered."""
    locale: str
    subject: Annotated[str | None, Meta(examples=["Tu pedido #1001 está en camino"])]
    about: str | None
    event_id: str | None
    """The event that it follows from."""
    resent_from: str | None
    attempts: int
    next_attempt_at: str | None
    """None when no attempt is planned."""
    provider: Annotated[str | None, Meta(examples=["smtp"])]
    """What it was handed to: `smtp`, `resend`, `sendgrid`, `inbox` (the viewer), `wa.me`, `whatsapp`."""
    provider_message_id: Annotated[str | None, Meta(examples=["<01k0557ab@mates.example>"])]
    action_url: str | None
    """The link that a person has to open, of a `whatsapp_link`. Opening it is not sending it."""
    error: str | None
    """Why the last attempt failed, in words."""
    created_at: str
    sent_at: str | None


class NotificationAttemptOut(msgspec.Struct, frozen=True, kw_only=True):
    """One try."""

    number: int
    at: str
    provider: Annotated[str | None, Meta(examples=["smtp"])]
    outcome: Annotated[str, Meta(examples=["sent"])]
    """`sent`, `temporary` (it is tried again), `configuration` (likewise; the sender's settings are wrong) or
    `permanent`."""
    error: str | None
    duration_ms: int


class ReportStatus(StrEnum):
    """What WhatsApp reports and is worth remembering: its `sent` says no more than that it took the message."""

    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class MessageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What WhatsApp reported after it had taken the message."""

    status: ReportStatus
    at: str
    error: str | None
    """Why it failed, in words."""


class ReportsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of Meta's reports."""

    taken: int
    """Those that are about messages of this store and that were new."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says."""

    subject: Annotated[str, Meta(examples=["Tu pedido #1001 está en camino"])]
    html: Annotated[str | None, Meta(examples=["<p>Hola Ana, tu pedido #1001 está en camino.</p>"])]
    body: Annotated[str, Meta(examples=["Hola Ana, tu pedido #1001 está en camino."])]


class NotificationDetail(Notification, frozen=True, kw_only=True):
    """A notification with its data, what it says (kept for 30 days) and every attempt, the first one first."""

    data: Annotated[dict[str, Any], Meta(examples=[{"order": {"number": "#1001"}}])]
    content: Content | None
    attempt_log: list[NotificationAttemptOut]
    reports: list[MessageReport]
    """What WhatsApp reported of it, the first report first; empty for other channels."""


class NotificationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which notifications a list shows."""

    status: NotificationStatus | None = None
    channel: Channel | None = None
    template_key: str | None = None
    to: str | None = None
    about: str | None = None


Text = Annotated[str, Meta(min_length=1, max_length=100_000)]


class PutTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new version of a template, in Liquid. It is in use at once unless `activate` says otherwise."""

    channel: TemplateChannel = TemplateChannel.EMAIL
    locale: Locale
    subject: (
        Annotated[
            str, Meta(min_length=1, max_length=1000, examples=["Tu pedido {{ order.number }} está en camino"])
        ]
        | None
    ) = None
    """Of a mail."""
    html: Text | None = None
    """Of a mail; without it, the mail is plain text."""
    body: Annotated[Text, Meta(examples=["Hola, tu pedido {{ order.number }} está en camino."])]
    """The text part of a mail, or the message."""
    provider_template: ProviderTemplate | None = None
    """Of a WhatsApp message."""
    activate: bool = True


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a template. Version 0 is the built-in one."""

    key: Annotated[str, Meta(examples=["order_shipped"])]
    channel: TemplateChannel
    locale: str
    version: Annotated[int, Meta(examples=[3])]
    active: bool
    subject: Annotated[str | None, Meta(examples=["Tu pedido {{ order.number }} está en camino"])]
    html: str | None
    body: Annotated[str, Meta(examples=["Hola, tu pedido {{ order.number }} está en camino."])]
    provider_template: ProviderTemplate | None
    created_by: str | None
    created_at: str | None


class TemplateSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A template that the store can use, without its text."""

    key: Annotated[str, Meta(examples=["order_shipped"])]
    channel: TemplateChannel
    locale: str
    version: Annotated[int, Meta(examples=[3])]
    """The one in use; 0 is the built-in one."""
    built_in: bool
    """Whether there is a built-in one to go back to."""


class Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to look at: a version, the one in use, or a draft (`body`, …) that is not stored."""

    channel: TemplateChannel = TemplateChannel.EMAIL
    locale: Locale | None = None
    version: Annotated[int, Meta(ge=0)] | None = None
    subject: Annotated[str, Meta(max_length=1000, examples=["Tu pedido {{ order.number }}"])] | None = None
    html: Text | None = None
    body: Annotated[Text | None, Meta(examples=["Hola, tu pedido {{ order.number }} está en camino."])] = None
    data: dict[str, Any] | None = None
    """Sample data unless given."""
    notification_id: Annotated[str, Meta(max_length=80)] | None = None
    """Use the data of this notification."""


class TestSend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Send a template to yourself."""

    to: To
    channel: Channel = Channel.EMAIL
    locale: Locale | None = None
    version: Annotated[int, Meta(ge=0)] | None = None
    data: dict[str, Any] | None = None
    """Sample data unless given."""


class RuleSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether a message follows from its event, and over what."""

    enabled: bool = True
    channels: Annotated[list[Channel], Meta(min_length=1, max_length=3)] = msgspec.field(
        default_factory=lambda: [Channel.EMAIL]
    )


class Rule(RuleSetting, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A rule as it stands."""

    template_key: str
    event_type: Annotated[str, Meta(examples=["order.shipped"])]
    audience: Annotated[str, Meta(examples=["customer"])]
    """`customer` or `store` (the address in `alerts_to`)."""


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How the store looks in its messages. What is absent comes from the store itself."""

    name: Annotated[Name | None, Meta(examples=["Mates del Sur"])] = None
    logo_url: Annotated[Url | None, Meta(examples=["https://mates.example/logo.png"])] = None
    color: Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$(?!\n)", examples=["#7a3b12"])] | None = None
    footer: Annotated[str, Meta(max_length=500, examples=["Mates del Sur, Buenos Aires"])] | None = None
    url: Annotated[Url | None, Meta(examples=["https://mates.example"])] = None
    """The shop's own address."""
    order_url: Annotated[Url | None, Meta(examples=["https://mates.example/pedidos/{id}"])] = None
    """Where a customer sees an order; `{id}` and `{number}` are filled in."""
    cart_url: Annotated[Url | None, Meta(examples=["https://mates.example/carrito/{id}"])] = None
    """Where a customer finds a cart again; `{id}` is filled in."""


class PutEmail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Over what mail goes. `host`, `security`, … are for `smtp`, `api_key` is for the others."""

    provider: EmailProvider
    host: Annotated[str, Meta(min_length=1, max_length=253)] | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """465, 587 or 2525; 465 with `tls` and 587 with `starttls` unless given."""
    security: Security = Security.STARTTLS
    username: Annotated[str, Meta(max_length=254)] | None = None
    password: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    """Write-only; the one that is there stays when it is absent and host and user name are the same."""
    api_key: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    """Write-only; the one that is there stays when it is absent."""


class PutWhatsApp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The store's number at the Cloud API."""

    phone_number_id: Annotated[str, Meta(pattern="^[0-9]{5,32}$(?!\n)")]
    access_token: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None
    """Write-only; the one that is there stays when it is absent."""
    app_secret: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """Of the Meta app, which signs its reports with it. Write-only; the one that is there stays when it is absent."""
    verify_token: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """What Meta has to say when the address for its reports is registered, in your own words. Write-only; the one
    that is there stays when it is absent."""


class PutSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change; what is absent stays, null takes it away."""

    sender_name: Name | UnsetType | None = UNSET
    sender_email: Email | UnsetType | None = UNSET
    """From whom mail comes; only with a provider of the store's own."""
    reply_to: Annotated[Email | UnsetType | None, Meta(examples=["hola@mates.example"])] = UNSET
    alerts_to: Annotated[Email | UnsetType | None, Meta(examples=["pedidos@mates.example"])] = UNSET
    """Where messages to the store itself go."""
    locale: Locale | UnsetType | None = UNSET
    email: Annotated[PutEmail | UnsetType, Meta(examples=[{"provider": "deployment"}])] = UNSET
    whatsapp: PutWhatsApp | UnsetType | None = UNSET
    rules: Annotated[
        dict[Key, RuleSetting] | UnsetType,
        Meta(examples=[{"order_shipped": {"enabled": True, "channels": ["email"]}}]),
    ] = UNSET
    """By template key; what is absent stays."""
    brand: Annotated[
        Brand | UnsetType, Meta(examples=[{"color": "#7a3b12", "footer": "Mates del Sur, Buenos Aires"}])
    ] = UNSET
    """The given object replaces the former one."""


class EmailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Over what mail goes, without the secrets."""

    provider: EmailProvider
    host: str | None
    port: int | None
    security: Security | None
    username: str | None
    has_secret: Annotated[bool, Meta(examples=[False])]


class WhatsAppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The store's number at the Cloud API, without the secrets."""

    phone_number_id: str
    has_secret: bool
    has_app_secret: bool
    has_verify_token: bool


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the store sends."""

    sender_name: str | None
    sender_email: str | None
    reply_to: str | None
    alerts_to: str | None
    locale: str
    email: EmailSettings
    whatsapp: WhatsAppSettings | None
    rules: list[Rule]
    brand: Brand


_KEY: Final = re.compile("[a-z0-9][a-z0-9_.-]{0,62}", re.ASCII)


def is_key(text: str) -> bool:
    """Whether a text can be the key of a template."""
    return _KEY.fullmatch(text) is not None
