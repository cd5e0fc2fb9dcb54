"""Whose rows a transaction sees: those of one user, or all of them.

Apps and conversations have an owner; whatever hangs on one has the owner of that. The conditions are part of each
query, so that what belongs to another user is not found, as if it were not there.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from devgem.domain.users import OPERATOR
from devgem.store import tables

Condition = tuple[sa.ColumnElement[bool], ...]


@dataclass(frozen=True)
class Scope:
    """`user` None: all rows."""

    user: str | None = None

    @property
    def maker(self) -> str:
        """Who owns what is made here."""
        return self.user or OPERATOR

    def own(self, owner: sa.ColumnElement[Any]) -> Condition:
        """That a row is the user's, by its owner."""
        return () if self.user is None else (owner == self.user,)

    def of_app(self, app: sa.ColumnElement[Any]) -> Condition:
        """That a row hangs on an app of the user."""
        apps = tables.apps
        return () if self.user is None else (app.in_(sa.select(apps.c.name).where(apps.c.owner == self.user)),)

    def of_conversation(self, conversation: sa.ColumnElement[Any]) -> Condition:
        """That a row hangs on a conversation of the user."""
        held = tables.conversations
        own = sa.select(held.c.id).where(held.c.owner == self.user)
        return () if self.user is None else (conversation.in_(own),)
