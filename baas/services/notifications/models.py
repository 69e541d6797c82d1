"""Settings, templates, notifications, what was sent, and every attempt."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from baas.core.db.tables import Base, StoreEntity, StoreOwned, column, one_of, store_fk
from baas.services.notifications.schemas import Channel, NotificationStatus, ReportStatus, TemplateChannel

_KEPT = "180d"
_CONTENT_KEPT = "30d"


class NotificationSettings(StoreOwned, Base):
    """How a store sends: from whom, over what, in which language and with whose looks. One row, or none."""

    __tablename__ = "notification_settings"
    __table_args__ = (
        CheckConstraint(
            "email_provider in ('deployment', 'smtp', 'resend', 'sendgrid')", name="email_provider"
        ),
    )

    sender_name: Mapped[str | None] = column()
    sender_email: Mapped[str | None] = column(pii=True)
    reply_to: Mapped[str | None] = column(pii=True)
    alerts_to: Mapped[str | None] = column(pii=True)
    locale: Mapped[str | None] = column()
    email_provider: Mapped[str] = column(server_default=text("'deployment'"))
    email_options: Mapped[dict[str, Any]] = column(pii=True, server_default=text("'{}'::jsonb"))
    email_secret: Mapped[bytes | None] = column(type_=LargeBinary())
    whatsapp_options: Mapped[dict[str, Any] | None] = column(pii=True)
    whatsapp_secret: Mapped[bytes | None] = column(type_=LargeBinary())
    whatsapp_app_secret: Mapped[bytes | None] = column(type_=LargeBinary())
    whatsapp_verify_token: Mapped[bytes | None] = column(type_=LargeBinary())
    rules: Mapped[dict[str, Any]] = column(server_default=text("'{}'::jsonb"))
    brand: Mapped[dict[str, Any]] = column(server_default=text("'{}'::jsonb"))
    updated_at: Mapped[datetime] = column()


class NotificationTemplate(StoreEntity, Base):
    """One version of a text. It never changes; a correction is the next version."""

    __tablename__ = "notification_templates"
    __table_args__ = (
        UniqueConstraint("store_id", "key", "channel", "locale", "version"),
        Index(
            "uq_notification_templates_active",
            *("store_id", "key", "channel", "locale"),
            unique=True,
            postgresql_where=text("active"),
        ),
        CheckConstraint("version > 0", name="version"),
        one_of("channel", TemplateChannel),
    )

    key: Mapped[str] = column()
    channel: Mapped[str] = column()
    locale: Mapped[str] = column()
    version: Mapped[int] = column()
    subject: Mapped[str | None] = column()
    html: Mapped[str | None] = column()
    body: Mapped[str] = column()
    provider_template: Mapped[dict[str, Any] | None] = column()
    active: Mapped[bool] = column()
    created_by: Mapped[str] = column()
    created_at: Mapped[datetime] = column()


class Notification(StoreEntity, Base):
    """One message to one recipient over one channel."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("store_id", "event_id", "template_key", "channel"),
        one_of("status", NotificationStatus),
        one_of("channel", Channel),
        Index(
            "ix_notifications_due",
            *("store_id", "next_attempt_at"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_notifications_about", "store_id", "about", "id"),
        Index("ix_notifications_recipient", "store_id", "recipient", "id"),
        Index("ix_notifications_age", "id", postgresql_using="brin"),
        Index(
            "ix_notifications_whatsapp",
            *("store_id", "provider_message_id"),
            postgresql_where=text("channel = 'whatsapp'"),
        ),
        {"postgresql_with": {"fillfactor": 70}},
    )

    channel: Mapped[str] = column(keep=_KEPT)
    recipient: Mapped[str] = column(pii=True, keep=_KEPT)
    template_key: Mapped[str | None] = column(keep=_KEPT)
    template_version: Mapped[int | None] = column(keep=_KEPT)
    """0 is the built-in one. Set when it is rendered, or before, to send that version."""
    locale: Mapped[str] = column(keep=_KEPT)
    data: Mapped[dict[str, Any]] = column(pii=True, keep=_KEPT)
    subject: Mapped[str | None] = column(pii=True, keep=_KEPT)
    about: Mapped[str | None] = column(keep=_KEPT)
    """The public id of what it tells of, such as an order's."""
    event_id: Mapped[UUID | None] = column(keep=_KEPT)
    resent_from: Mapped[UUID | None] = column(keep=_KEPT)
    status: Mapped[str] = column(server_default=text("'pending'"), keep=_KEPT)
    attempts: Mapped[int] = column(server_default=text("0"), keep=_KEPT)
    round: Mapped[int] = column(server_default=text("0"), keep=_KEPT)
    """How often a person asked for it again after it had failed."""
    step: Mapped[int] = column(server_default=text("0"), keep=_KEPT)
    """Attempts of this round: the place in the schedule."""
    next_attempt_at: Mapped[datetime] = column(keep=_KEPT)
    """In the store's own time, as `created_at` and `sent_at`."""
    claimed_until: Mapped[datetime | None] = column(keep=_KEPT)
    """A worker's lease, in real time."""
    claimed_by: Mapped[int | None] = column(keep=_KEPT)
    """Who claimed it last (`baas.core.work.claims`)."""
    provider: Mapped[str | None] = column(keep=_KEPT)
    provider_message_id: Mapped[str | None] = column(keep=_KEPT)
    action_url: Mapped[str | None] = column(pii=True, keep=_KEPT)
    error: Mapped[str | None] = column(keep=_KEPT)
    created_at: Mapped[datetime] = column(keep=_KEPT)
    sent_at: Mapped[datetime | None] = column(keep=_KEPT)


class NotificationContent(StoreOwned, Base):
    """What a notification says, frozen before its first attempt, so that every attempt sends the same."""

    __tablename__ = "notification_contents"
    __table_args__ = (
        store_fk("notification_id", "notifications", ondelete="CASCADE"),
        Index("ix_notification_contents_age", "notification_id", postgresql_using="brin"),
    )

    notification_id: Mapped[UUID] = column(primary_key=True, keep=_CONTENT_KEPT)
    subject: Mapped[str] = column(pii=True, keep=_CONTENT_KEPT)
    html: Mapped[str | None] = column(pii=True, keep=_CONTENT_KEPT)
    body: Mapped[str] = column(pii=True, keep=_CONTENT_KEPT)
    provider_template: Mapped[dict[str, Any] | None] = column(pii=True, keep=_CONTENT_KEPT)


class NotificationAttempt(StoreEntity, Base):
    """One try to send a notification."""

    __tablename__ = "notification_attempts"
    __table_args__ = (
        Index("ix_notification_attempts_notification", "store_id", "notification_id", "id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    notification_id: Mapped[UUID] = column(keep=_KEPT)
    number: Mapped[int] = column(keep=_KEPT)
    provider: Mapped[str | None] = column(keep=_KEPT)
    outcome: Mapped[str] = column(keep=_KEPT)
    error: Mapped[str | None] = column(keep=_KEPT)
    duration_ms: Mapped[int] = column(keep=_KEPT)
    created_at: Mapped[datetime] = column(keep=_KEPT)


class NotificationReport(StoreEntity, Base):
    """What WhatsApp reported of a message that it had taken: each of its words once, however often it comes.

    By Meta's id of the message and not by ours, for a report may be here before the worker has written down that
    the message was sent.
    """

    __tablename__ = "notification_reports"
    __table_args__ = (
        UniqueConstraint("store_id", "message_id", "status"),
        one_of("status", ReportStatus),
        Index("ix_notification_reports_age", "id", postgresql_using="brin"),
    )

    message_id: Mapped[str] = column(keep=_KEPT)
    status: Mapped[str] = column(keep=_KEPT)
    error: Mapped[str | None] = column(keep=_KEPT)
    at: Mapped[datetime] = column(keep=_KEPT)
