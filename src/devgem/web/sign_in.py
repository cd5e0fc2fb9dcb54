"""Who is signed in: the operator's bearer token (the command line), and browser sessions opened by one-time URLs.

Local mode has one user, the operator, as Jupyter has: whoever can read the data folder, or was handed the URL.
"""

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime, timedelta

from starlette.requests import HTTPConnection

from devgem.domain.errors import NotSignedIn
from devgem.store import Store

COOKIE = "devgem_session"
ONE_TIME_SECONDS = 24 * 3600.0
SESSION_LIFETIME = timedelta(days=30)
SESSION_IDLE = timedelta(days=7)
SEEN_PRECISION = timedelta(minutes=10)
OPERATOR = "operator"


class SignIn:
    """`token` is the operator's; one-time codes live in memory, sessions (hashed) in the database."""

    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self._token = token
        self._codes: dict[str, float] = {}

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

    async def require(self, connection: HTTPConnection) -> None:
        """Raises NotSignedIn unless the request carries the operator's token or a live session."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and hmac.compare_digest(token.encode(), self._token.encode()):
            return
        session = connection.cookies.get(COOKIE)
        if session and await self._is_live(session):
            return
        raise NotSignedIn("not signed in", fix="Open the sign-in link that `devgem up` or `devgem open` prints.")

    async def end(self, connection: HTTPConnection) -> None:
        if session := connection.cookies.get(COOKIE):
            async with self._store.write() as transaction:
                await transaction.sessions.revoke(session)

    async def _is_live(self, token: str) -> bool:
        now = datetime.now(UTC)
        async with self._store.read() as transaction:
            session = await transaction.sessions.find(token, now=now, idle=SESSION_IDLE)
        if session is not None and now - session.seen_at > SEEN_PRECISION:
            async with self._store.write() as transaction:
                await transaction.sessions.touch(token, now=now)
        return session is not None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
