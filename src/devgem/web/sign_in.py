"""Who is signed in: the operator's bearer token (the command line), and browser sessions opened by one-time URLs.

Local mode has one user, the operator, as Jupyter has: whoever can read the data folder, or was handed the URL.
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
from devgem.store import Session, Store
from devgem.web.session_cache import SessionCache
from devgem.web.watch import Watch

COOKIE = "devgem_session"
ONE_TIME_SECONDS = 24 * 3600.0
SESSION_LIFETIME = timedelta(days=30)
SESSION_IDLE = timedelta(days=7)
SEEN_PRECISION = timedelta(minutes=10)
OPERATOR = "operator"


@dataclass(frozen=True)
class Identity:
    """Who sends: a user, by a session of a browser (its id, not its token) or, where that is None, by the operator's
    token."""

    user: str
    session: str | None = None


class SignIn:
    """`token` is the operator's; one-time codes live in memory, sessions (hashed) in the database, with a cache in
    front of it where replicas share one."""

    def __init__(self, store: Store, token: str, cache: SessionCache | None = None) -> None:
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
        async with self._store.write() as transaction:
            return await transaction.sessions.create(OPERATOR, now=datetime.now(UTC), lifetime=SESSION_LIFETIME)

    async def require(self, connection: HTTPConnection) -> Identity:
        """Raises NotSignedIn unless the request carries the operator's token or a live session."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and hmac.compare_digest(token.encode(), self._token.encode()):
            return Identity(OPERATOR)
        if (token := connection.cookies.get(COOKIE, "")) and (session := await self._find(token)):
            return Identity(session.user, session.id)
        raise NotSignedIn("not signed in", fix="Open the sign-in link that `devgem up` or `devgem open` prints.")

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
        if session := connection.cookies.get(COOKIE):
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
