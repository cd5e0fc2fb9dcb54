"""Who is signed in: the operator's bearer token (the command line of this machine), and sessions, of browsers by cookie
and of command lines elsewhere as bearer tokens.

Without GitHub there is one user, the operator, as Jupyter has: whoever can read the data folder, or was handed a
one-time URL. Users of GitHub come in by web/github_sign_in.py.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import HTTPConnection

from devgem.domain.errors import NotFound, NotSignedIn
from devgem.domain.users import OPERATOR
from devgem.store import Session, Store
from devgem.web.attempts import Attempts
from devgem.web.session_cache import SessionCache
from devgem.web.watch import Watch

COOKIE = "devgem_session"
SECURE_COOKIE = "__Host-devgem_session"
ONE_TIME_SECONDS = 24 * 3600.0
SESSION_LIFETIME = timedelta(days=30)
SESSION_IDLE = timedelta(days=7)
SEEN_PRECISION = timedelta(minutes=10)


@dataclass(frozen=True)
class Identity:
    """Who sends: a user, by a session (its id, not its token) or, where that is None, by the operator's token."""

    user: str
    session: str | None = None


class SignIn:
    """`token` is the operator's; one-time codes live in memory, sessions (hashed) in the database, with a cache in
    front of it where replicas share one. `url` is the public address, if there is one beside this machine's own."""

    def __init__(self, store: Store, token: str, cache: SessionCache | None = None, *, url: str = "") -> None:
        scheme, _, host = url.partition("://")
        self._secure_host = host if scheme == "https" else None
        self.attempts = Attempts(trusts_forwarded=self._secure_host is not None)
        self._store = store
        self._cache = cache
        self._token = token
        self._codes: dict[str, float] = {}
        self._watch = Watch(self.still)

    def new_code(self) -> str:
        """A code that opens one session, within ONE_TIME_SECONDS."""
        code = secrets.token_urlsafe(24)
        self._codes[_hash(code)] = time.monotonic() + ONE_TIME_SECONDS
        return code

    async def redeem(self, code: str) -> str:
        """A new session's id for a one-time code. Raises NotSignedIn when it is unknown, used or too old."""
        deadline = self._codes.pop(_hash(code), None)
        if deadline is None or deadline < time.monotonic():
            raise NotSignedIn(
                "this sign-in link is not valid: it was used before, or is too old",
                fix="Run `devgem open` for a new one.",
            )
        return await self.open(OPERATOR)

    async def open(self, user: str, *, before: str | None = None) -> str:
        """A new session's token. `before` is the session that the browser had until now, which ends with it."""
        async with self._store.write() as transaction:
            if before:
                await transaction.sessions.revoke(before)
            token = await transaction.sessions.create(user, now=datetime.now(UTC), lifetime=SESSION_LIFETIME)
        if before and self._cache is not None:
            await self._cache.drop_token(before)
        return token

    def is_secure(self, connection: HTTPConnection) -> bool:
        """Whether the browser has come over TLS, by the address that it used: the proxy in front has ended it."""
        return self._secure_host is not None and connection.headers.get("host", "").lower() == self._secure_host

    def cookie(self, connection: HTTPConnection) -> str:
        """The name of the session's cookie; over TLS no other site under the same domain can set it (RFC 6265bis)."""
        return SECURE_COOKIE if self.is_secure(connection) else COOKIE

    async def require(self, connection: HTTPConnection) -> Identity:
        """Raises NotSignedIn unless the request carries the operator's token or a live session."""
        if (identity := await self.by_bearer(connection)) is not None:
            return identity
        token = connection.cookies.get(self.cookie(connection), "")
        if token and (session := await self._find(token)):
            return Identity(session.user, session.id)
        raise NotSignedIn("not signed in", fix="Sign in with GitHub, or open the link that `devgem open` prints.")

    async def by_bearer(self, connection: HTTPConnection) -> Identity | None:
        """Who sends, by the Authorization header alone: no browser sends that by itself."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return None
        if hmac.compare_digest(token.encode(), self._token.encode()):
            return Identity(OPERATOR)
        session = await self._find(token)
        return Identity(session.user, session.id) if session else None

    async def still(self, identities: Collection[Identity]) -> set[Identity]:
        """Those that are signed in still, after a session may have ended."""
        sessions = {identity.session for identity in identities if identity.session is not None}
        live: set[str] = set()
        if sessions:
            async with self._store.read() as transaction:
                live = await transaction.sessions.live(sessions, now=datetime.now(UTC), idle=SESSION_IDLE)
        return {identity for identity in identities if identity.session is None or identity.session in live}

    async def sessions(self, user: str) -> list[Session]:
        async with self._store.read() as transaction:
            return await transaction.sessions.of(user, now=datetime.now(UTC), idle=SESSION_IDLE)

    async def revoke(self, user: str, session: str) -> None:
        """Ends a session of the user by its id. Raises NotFound."""
        async with self._store.write() as transaction:
            ended = await transaction.sessions.end(session, user)
        if not ended:
            raise NotFound(f"there is no session {session!r}", fix="It may have ended already; list them again.")
        if self._cache is not None:
            await self._cache.drop(session)
        self._watch.look_now()

    async def ended(self, identity: Identity) -> None:
        """Returns when `identity` is not signed in any more, at most some seconds late."""
        await self._watch.ended(identity)

    async def end(self, connection: HTTPConnection) -> None:
        _, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if session := bearer or connection.cookies.get(self.cookie(connection)):
            async with self._store.write() as transaction:
                await transaction.sessions.revoke(session)
            if self._cache is not None:
                await self._cache.drop_token(session)
            self._watch.look_now()

    async def _find(self, token: str) -> Session | None:
        now = datetime.now(UTC)
        if self._cache is not None and (kept := await self._cache.find(token)) and kept.expires_at > now:
            return kept
        async with self._store.read() as transaction:
            session = await transaction.sessions.find(token, now=now, idle=SESSION_IDLE)
        if session is not None and self._cache is not None:
            await self._cache.keep(session)
        if session is not None and now - session.seen_at > SEEN_PRECISION:
            async with self._store.write() as transaction:
                await transaction.sessions.touch(token, now=now)
        return session


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
