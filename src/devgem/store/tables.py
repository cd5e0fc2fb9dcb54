"""The tables. A change here needs a migration; a test compares the two."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(sa.types.TypeDecorator[datetime]):
    """A UTC time as whole microseconds since 1970: the same, exact and sortable, in both databases."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


def to_micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Json = sa.JSON(none_as_null=True)
_BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

streams = sa.Table(
    "streams",
    metadata,
    sa.Column("id", _BigId, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("head", sa.BigInteger, nullable=False),  # the seq of its newest event
    sa.Column("first", sa.BigInteger, nullable=False),  # the seq of the oldest event that is still kept
    sa.Column("owner", sa.Text),  # of an app's stream: whose app it told of last
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("stream_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sqlite_with_rowid=False,
)
sa.Index(
    "ix_events_key",
    events.c.stream_id,
    events.c.key,
    unique=True,
    sqlite_where=events.c.key.is_not(None),
    postgresql_where=events.c.key.is_not(None),
)

apps = sa.Table(
    "apps",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, server_default="operator"),
    sa.Column("location", sa.Text, nullable=False),
    sa.Column("ref", sa.Text),
    sa.Column("dir", sa.Text, nullable=False),
    sa.Column("cloud", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("last_revision", sa.Integer, nullable=False),  # the highest number given out
    sa.Column("traffic", _Json, nullable=False),  # {"3": 100}, empty while nothing is live
    sa.Column("push_paused", sa.Boolean, nullable=False),
    sa.Column("removing", sa.Boolean, nullable=False),
    sa.Column("holder", sa.Text),  # the one deployment or other operation that may act on the app now
    sa.Column("heir", sa.Text),  # the operation that takes its place, before any waiting deployment
    sa.Index("ix_apps_owner", "owner"),
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("state", _Json, nullable=False),  # the fold of its lifecycle events; the log is the truth
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("order", _Json, nullable=False),  # what was asked for
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("shifting", sa.Boolean, nullable=False),  # past the point of no return
    sa.Column("commit", _Json),
    sa.Column("plan", _Json),
    sa.Column("image", _Json),
    sa.Index("ix_deployments_app_id", "app", "id"),
    sa.Index("ix_deployments_status", "status"),
)

revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("deployment", sa.Text, nullable=False, unique=True),
    sa.Column("commit", sa.Text, nullable=False),
    sa.Column("image", _Json, nullable=False),
    sa.Column("plan", _Json, nullable=False),
    sa.Column("env", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("served", sa.Boolean, nullable=False),  # has had traffic
    sa.Column("edits", sa.Text),  # the digest of the patch on top of the commit; null without one
)

builds = sa.Table(
    "builds",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("image", _Json, nullable=False),
    sa.Column("deployment", sa.Text, nullable=False),
)

config_vars = sa.Table(
    "config_vars",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("build", sa.Boolean, primary_key=True),  # given to builds, or to running revisions
    sa.Column("value", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("updated_at", Instant, nullable=False),
)

durations = sa.Table(
    "durations",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("seconds", _Json, nullable=False),  # of the last five, oldest first
)

workspaces = sa.Table(
    "workspaces",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("conversation", sa.Text, primary_key=True),
    sa.Column("repository", _Json, nullable=False),
    sa.Column("commit", _Json, nullable=False),
    sa.Column("history", _Json, nullable=False),  # every checkpoint, and which of them counts
    sa.Column("deployed", sa.Text, nullable=False),  # the patch that was last deployed from it, or that it began with
    sa.Column("deployment", sa.Text),  # by which deployment
    sa.Column("branch", _Json),  # {"name", "sha"} of what was pushed
    sa.Column("version", sa.Integer, nullable=False),  # counts its changes
    sa.Column("updated_at", Instant, nullable=False),
)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("owner", sa.Text, nullable=False, server_default="operator"),
    sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("updated_at", Instant, nullable=False, server_default="0"),  # when something was said in it last
    sa.Index("ix_conversations_owner_updated_at", "owner", "updated_at"),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("conversation", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("message", sa.Text),  # the user's; null when DevGem began the turn
    sa.Column("said", sa.Text, nullable=False),  # without secret values
    sa.Column("secrets", sa.LargeBinary),  # those values, sealed, until the turn has ended
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("messages", _Json, nullable=False),  # the model's
    sa.Column("tally", _Json, nullable=False),
    sa.Column("holder", sa.Text),  # the process that runs it
    sa.Column("seen_at", Instant),
    sa.Column("stopping", sa.Boolean, nullable=False),
    sa.UniqueConstraint("conversation", "number"),
    sa.Index("ix_turns_status", "status"),
)

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("conversation", sa.Text, nullable=False),
    sa.Column("turn", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("asked_as", sa.Text, nullable=False),  # the model's id of it
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("arguments", _Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("result", _Json),
    sa.Column("deployment", sa.Text),
    sa.Column("told", sa.Boolean, nullable=False),  # the conversation knows how the deployment ended
    sa.UniqueConstraint("turn", "position"),
    sa.Index("ix_calls_conversation_deployment", "conversation", "deployment"),
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("conversation", sa.Text, nullable=False),
    sa.Column("turn", sa.Text, nullable=False),
    sa.Column("call", sa.Text, nullable=False, unique=True),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("arguments", _Json, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("tier", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("typed_name", sa.Text),
    sa.Column("fields", _Json, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", Instant),
    sa.Column("values", sa.LargeBinary),  # what was typed in, sealed, until it is taken
    sa.Index("ix_approvals_conversation_status", "conversation", "status"),
    sa.Index("ix_approvals_turn", "turn"),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # operator, or github:<account id>
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),  # signed in last
)

github_grants = sa.Table(
    "github_grants",
    metadata,
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("access", sa.LargeBinary, nullable=False),  # the token, sealed
    sa.Column("refresh", sa.LargeBinary),  # what exchanges it for a new one, sealed; null for tokens that do not end
    sa.Column("scopes", _Json, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("version", sa.Integer, nullable=False),  # counts its refreshes
    sa.Column("revoked", sa.Boolean, nullable=False),  # GitHub takes it no more
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("id", sa.LargeBinary, primary_key=True),  # SHA-256 of its state or handle
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("facts", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("expires_at", Instant, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.LargeBinary, primary_key=True),  # SHA-256 of the token
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("answer", _Json),  # null while the first request is still being served
    sa.Column("at", Instant, nullable=False),
)

replicas = sa.Table(
    "replicas",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),  # by the database's clock; its own may be wrong
)

oauth_clients = sa.Table(
    "oauth_clients",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),  # as it registered, with its secret; sealed
    sa.Column("created_at", Instant, nullable=False),
)

oauth_tokens = sa.Table(
    "oauth_tokens",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the code or token
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("grant", sa.Text, nullable=False),  # the consent that it comes from
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("scopes", _Json, nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("facts", _Json, nullable=False),  # what a code is bound to
    sa.Column("spent", sa.Boolean, nullable=False),
    sa.Index("ix_oauth_tokens_grant", "grant"),
)

callers = sa.Table(
    "callers",
    metadata,
    sa.Column("conversation", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),  # who calls
    sa.Column("tally", _Json, nullable=False),  # what its calls have come to know
    sa.Column("seen_at", Instant, nullable=False),
    sa.Index("ix_callers_key_seen_at", "key", "seen_at"),
)

spending = sa.Table(
    "spending",
    metadata,
    sa.Column("day", sa.Text, primary_key=True),  # UTC, as 2026-11-23
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("conversation", sa.Text, primary_key=True),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Column("cost_nanos", sa.BigInteger, nullable=False),  # billionths of a US dollar
    sa.Column("unpriced_tokens", sa.BigInteger, nullable=False),  # of models whose price is not known
    sa.Index("ix_spending_conversation", "conversation"),
)

analyses = sa.Table(
    "analyses",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # a digest of what was analysed, at which commit, by which version
    sa.Column("document", _Json, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_analyses_at", "at"),
)

user_keys = sa.Table(
    "user_keys",
    metadata,
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("updated_at", Instant, nullable=False),
)

domains = sa.Table(
    "domains",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("app", sa.Text, nullable=False, index=True),
    sa.Column("created_at", Instant, nullable=False),
)

cloud_notes = sa.Table(
    "cloud_notes",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

app_settings = sa.Table(
    "app_settings",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("push", sa.Boolean, nullable=False),
    sa.Column("branch", sa.Text),  # null: the app's own, or else the repository's default one
    sa.Column("watch_paths", _Json, nullable=False),
    sa.Column("previews", sa.Boolean, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # as GitHub names it
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),  # of what was signed; the id is not
    sa.Column("at", Instant, nullable=False),
    sa.Column("document", _Json),  # what is to be done; null once it is
    sa.Column("next_at", Instant, nullable=False),  # nobody else deals with it before
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Index("ix_deliveries_next_at", "next_at"),
)

commit_reports = sa.Table(
    "commit_reports",
    metadata,
    sa.Column("deployment", sa.Text, primary_key=True),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False),  # the state that GitHub was told last
    sa.Column("telling", sa.Text, nullable=False),  # the one that it may have been told: who wrote it may be dead
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Index("ix_commit_reports_settled_next_at", "settled", "next_at"),
)

pull_requests = sa.Table(
    "pull_requests",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),  # the repository that it comes from
    sa.Column("is_outside", sa.Boolean, nullable=False),  # of somebody who may not write to the repository
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("consented", sa.Text, nullable=False),  # the commit that a member has agreed to
    sa.Column("deployment", sa.Text),
    sa.Column("changed_at", Instant, nullable=False),  # as GitHub has it
    sa.Column("comment", sa.BigInteger),  # GitHub's id of it
    sa.Column("told", sa.Text, nullable=False),  # what the comment says
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Index("ix_pull_requests_settled_next_at", "settled", "next_at"),
)
