"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
from migrations.policies import store_table

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """What this adds."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """How it is taken back."""
    ${downgrades if downgrades else "pass"}
