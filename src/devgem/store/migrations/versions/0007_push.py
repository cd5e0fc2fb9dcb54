"""Settings of apps, webhooks that were taken in, commits and pull requests that are told"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "app_settings",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("push", sa.Boolean(), nullable=False),
        sa.Column("branch", sa.Text()),
        sa.Column("watch_paths", sa.JSON(), nullable=False),
        sa.Column("previews", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("app", name=op.f("pk_app_settings")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON()),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("digest", name=op.f("uq_deliveries_digest")),
    )
    op.create_index("ix_deliveries_next_at", "deliveries", ["next_at"])
    _reports()


def _reports() -> None:
    op.create_table(
        "commit_reports",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("deployment", "app", "owner", "slug", "sha")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("told", "telling")),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", name=op.f("pk_commit_reports")),
    )
    op.create_index("ix_commit_reports_settled_next_at", "commit_reports", ["settled", "next_at"])
    op.create_table(
        "pull_requests",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("owner", "slug", "sha", "title", "author", "origin")),
        sa.Column("is_outside", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("consented", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text()),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.BigInteger()),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("app", "number", name=op.f("pk_pull_requests")),
    )
    op.create_index("ix_pull_requests_settled_next_at", "pull_requests", ["settled", "next_at"])
