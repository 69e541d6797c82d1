"""What WhatsApp reports of messages that were sent, and the secrets that prove it is WhatsApp.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from migrations.policies import RELAY, across_stores, store_table

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SECRETS = ("whatsapp_app_secret", "whatsapp_verify_token")


def upgrade() -> None:
    """Two more secrets of a store's number, the reports, and a way to find a message by Meta's id."""
    for name in SECRETS:
        op.add_column("notification_settings", sa.Column(name, sa.LargeBinary()))
    op.create_index(
        "ix_notifications_whatsapp",
        "notifications",
        ["store_id", "provider_message_id"],
        postgresql_where=sa.text("channel = 'whatsapp'"),
    )
    op.create_table(
        "notification_reports",
        sa.Column("store_id", sa.Uuid(as_uuid=True), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=True), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "id", name="pk_notification_reports"),
        sa.UniqueConstraint(
            *("store_id", "message_id", "status"),
            name="uq_notification_reports_store_id_message_id_status",
        ),
        sa.CheckConstraint(
            "status in ('delivered', 'read', 'failed')", name=op.f("ck_notification_reports_status")
        ),
    )
    op.create_index("ix_notification_reports_age", "notification_reports", ["id"], postgresql_using="brin")
    store_table("notification_reports", grants="select, insert")
    across_stores("notification_reports", RELAY, "select (store_id, id), delete")


def downgrade() -> None:
    """As it was."""
    op.drop_table("notification_reports")
    op.drop_index("ix_notifications_whatsapp", "notifications")
    for name in SECRETS:
        op.drop_column("notification_settings", name)
