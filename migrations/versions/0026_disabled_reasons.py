"""Why an endpoint is disabled is a code; the sentences are made where people read them.

Nothing was released before this one, so no process that writes sentences goes on working while it is applied.

Revision ID: 0026
Revises: 0022
"""

from alembic import op

revision = "0026"
down_revision = "0022"
branch_labels = None
depends_on = None

SENTENCES = {
    "owner": "Disabled over the API.",
    "deleted": "The endpoint was deleted.",
    "gone": "The receiver answered 410: it does not want events any more.",
    "failed": "Every attempt of the last five days failed.",
}


def upgrade() -> None:
    """Put the code of each sentence in its place, and let nothing else stand there."""
    _replace({sentence: code for code, sentence in SENTENCES.items()})
    op.create_check_constraint(
        "disabled_reason", "webhook_endpoints", "disabled_reason in ('owner', 'deleted', 'gone', 'failed')"
    )


def downgrade() -> None:
    """The sentences again."""
    op.drop_constraint(op.f("ck_webhook_endpoints_disabled_reason"), "webhook_endpoints", type_="check")
    _replace(SENTENCES)


def _replace(words: dict[str, str]) -> None:
    # The owner of the table is behind its wall as well.
    op.execute("alter table webhook_endpoints no force row level security")
    for old, new in words.items():
        op.execute(f"update webhook_endpoints set disabled_reason = '{new}' where disabled_reason = '{old}'")
    op.execute("alter table webhook_endpoints force row level security")
