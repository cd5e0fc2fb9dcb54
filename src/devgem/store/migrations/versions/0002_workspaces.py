"""Workspaces, and which revisions have edits"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workspaces",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("repository", sa.JSON(), nullable=False),
        sa.Column("commit", sa.JSON(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("deployed", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text()),
        sa.Column("branch", sa.JSON()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("app", "conversation", name=op.f("pk_workspaces")),
    )
    op.add_column("revisions", sa.Column("edits", sa.Text()))
