"""Users: who owns apps and conversations, and what GitHub has granted at sign-in"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _own()
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_table(
        "github_grants",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("access", sa.LargeBinary(), nullable=False),
        sa.Column("refresh", sa.LargeBinary()),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_github_grants")),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
    )


def _own() -> None:
    """What there is belongs to the operator."""
    for table in ("apps", "conversations"):
        op.add_column(table, sa.Column("owner", sa.Text(), nullable=False, server_default="operator"))
    op.create_index("ix_apps_owner", "apps", ["owner"])
    op.add_column("conversations", sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("conversations", sa.Column("updated_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE conversations SET updated_at = created_at")
    op.create_index("ix_conversations_owner_updated_at", "conversations", ["owner", "updated_at"])
    op.add_column("streams", sa.Column("owner", sa.Text()))
    op.execute("UPDATE streams SET name = 'apps:operator' WHERE name = 'apps'")
