"""Notifications: settings, templates, messages, their content, their attempts, and what WhatsApp reports of them.

Revision ID: 0010_notifications
Revises: 0009_imports
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import RELAY, across_stores, monthly_partitions, store_table

revision = "0010_notifications"
down_revision = "0009_imports"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _object(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)


def upgrade() -> None:
    """Create the tables of notifications."""
    _settings()
    _templates()
    _notifications()
    _contents()
    _attempts()
    _reports()


def _settings() -> None:
    op.create_table(
        "notification_settings",
        sa.Column("store_id", UUID, nullable=False),
        _text("sender_name", null=True),
        _text("sender_email", null=True),
        _text("reply_to", null=True),
        _text("alerts_to", null=True),
        _text("locale", null=True),
        sa.Column("email_provider", sa.Text(), server_default=sa.text("'deployment'"), nullable=False),
        _object("email_options"),
        sa.Column("email_secret", sa.LargeBinary()),
        sa.Column("whatsapp_options", JSONB()),
        sa.Column("whatsapp_secret", sa.LargeBinary()),
        sa.Column("whatsapp_app_secret", sa.LargeBinary()),
        sa.Column("whatsapp_verify_token", sa.LargeBinary()),
        _object("rules"),
        _object("brand"),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", name="pk_notification_settings"),
        sa.CheckConstraint(
            "email_provider in ('deployment', 'smtp', 'resend', 'sendgrid')",
            name=op.f("ck_notification_settings_email_provider"),
        ),
        comment="How a store sends mail and WhatsApp, and what about.",
    )
    store_table("notification_settings", grants="select, insert, update")


def _templates() -> None:
    op.create_table(
        "notification_templates",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        _text("key"),
        _text("channel"),
        _text("locale"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        _text("subject", null=True),
        _text("html", null=True),
        _text("body"),
        sa.Column("provider_template", JSONB()),
        sa.Column("active", sa.Boolean(), nullable=False),
        _text("created_by"),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_notification_templates"),
        sa.UniqueConstraint(
            *("store_id", "key", "channel", "locale", "version"),
            name="uq_notification_templates_store_id_key_channel_locale_version",
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_notification_templates_version")),
        sa.CheckConstraint(
            "channel in ('email', 'whatsapp')", name=op.f("ck_notification_templates_channel")
        ),
        comment="Texts of messages; a version never changes.",
    )
    op.create_index(
        "uq_notification_templates_active",
        "notification_templates",
        ["store_id", "key", "channel", "locale"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    # A version never changes: of a row that is there, only whether it is the one in use.
    store_table("notification_templates", grants="select, insert, update (active)")


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        _text("channel"),
        _text("recipient"),
        _text("template_key", null=True),
        sa.Column("template_version", sa.BigInteger()),
        _text("locale"),
        sa.Column("data", JSONB(), nullable=False),
        _text("subject", null=True),
        _text("about", null=True),
        sa.Column("event_id", UUID),
        sa.Column("resent_from", UUID),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        _count("attempts"),
        _count("round"),
        _count("step"),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("claimed_until", TIME),
        sa.Column("claimed_by", sa.BigInteger()),
        _text("provider", null=True),
        _text("provider_message_id", null=True),
        _text("action_url", null=True),
        _text("error", null=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_notifications"),
        sa.UniqueConstraint(
            *("store_id", "event_id", "template_key", "channel"),
            name="uq_notifications_store_id_event_id_template_key_channel",
        ),
        sa.CheckConstraint("status in ('pending', 'sent', 'failed')", name=op.f("ck_notifications_status")),
        sa.CheckConstraint(
            "channel in ('email', 'whatsapp', 'whatsapp_link')", name=op.f("ck_notifications_channel")
        ),
        postgresql_with={"fillfactor": 70},
        comment="One message to one recipient over one channel.",
    )
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["store_id", "next_attempt_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_notifications_about", "notifications", ["store_id", "about", "id"])
    op.create_index("ix_notifications_recipient", "notifications", ["store_id", "recipient", "id"])
    op.create_index("ix_notifications_age", "notifications", ["id"], postgresql_using="brin")
    op.create_index(
        "ix_notifications_whatsapp",
        "notifications",
        ["store_id", "provider_message_id"],
        postgresql_where=sa.text("channel = 'whatsapp'"),
    )
    store_table("notifications", grants="select, insert, update")
    # Which are due, and what is old: neither recipients nor what they are told.
    across_stores(
        "notifications",
        RELAY,
        "select (store_id, id, status, attempts, next_attempt_at, claimed_until, claimed_by),"
        " update (claimed_until, claimed_by), delete",
    )


def _contents() -> None:
    op.create_table(
        "notification_contents",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("notification_id", UUID, nullable=False),
        _text("subject"),
        _text("html", null=True),
        _text("body"),
        sa.Column("provider_template", JSONB()),
        sa.PrimaryKeyConstraint("store_id", "notification_id", name="pk_notification_contents"),
        sa.ForeignKeyConstraint(
            ["store_id", "notification_id"],
            ["notifications.store_id", "notifications.id"],
            name="fk_notification_contents_store_id_notification_id",
            ondelete="CASCADE",
        ),
        comment="What a message said, frozen when it was sent.",
    )
    op.create_index(
        "ix_notification_contents_age",
        "notification_contents",
        ["notification_id"],
        postgresql_using="brin",
    )
    # What was said is never altered: it is frozen, and forgotten.
    store_table("notification_contents", grants="select, insert, delete")
    across_stores("notification_contents", RELAY, "select (store_id, notification_id), delete")


def _attempts() -> None:
    op.create_table(
        "notification_attempts",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("notification_id", UUID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        _text("provider", null=True),
        _text("outcome"),
        _text("error", null=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_notification_attempts"),
        postgresql_partition_by="RANGE (id)",
        comment="One try to send a message.",
    )
    op.create_index(
        "ix_notification_attempts_notification",
        "notification_attempts",
        ["store_id", "notification_id", "id"],
    )
    store_table("notification_attempts", grants="select, insert")
    monthly_partitions("notification_attempts")


def _reports() -> None:
    op.create_table(
        "notification_reports",
        sa.Column("store_id", UUID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_notification_reports"),
        sa.UniqueConstraint(
            *("store_id", "message_id", "status"),
            name="uq_notification_reports_store_id_message_id_status",
        ),
        sa.CheckConstraint(
            "status in ('delivered', 'read', 'failed')", name=op.f("ck_notification_reports_status")
        ),
        comment="What WhatsApp reports of messages that it took.",
    )
    op.create_index("ix_notification_reports_age", "notification_reports", ["id"], postgresql_using="brin")
    store_table("notification_reports", grants="select, insert")
    across_stores("notification_reports", RELAY, "select (store_id, id), delete")


def downgrade() -> None:
    """Drop them."""
    for table in (
        "notification_reports",
        "notification_attempts",
        "notification_contents",
        "notifications",
        "notification_templates",
        "notification_settings",
    ):
        op.drop_table(table)
