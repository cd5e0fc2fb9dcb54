"""Everything that DevGem raises on purpose.

DevGemError               what happened, to what, and what to do
├── InvalidInput          the request is malformed or out of range
├── NotSignedIn           no valid session or token
├── Forbidden             signed in, but not allowed
├── NotFound              no such app, revision, deployment, ...
├── Conflict              the state of the thing does not allow it now
├── Unavailable           a part that DevGem needs is missing, down or busy
├── TooMany               asked for more often than is allowed; `retry_seconds` says when again
├── SourceError           a repository could not be read; `code` names why
└── IllegalTransition     a deployment was asked to move against the state table (our own fault)

That an app cannot be planned, built or started is no exception but a `Failure` value (see failure.py).
"""


class DevGemError(Exception):
    """`code` is stable and machine-readable; `fix` is one sentence that says what to do, or empty."""

    code = "error"

    def __init__(self, message: str, *, fix: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        if code is not None:
            self.code = code


class InvalidInput(DevGemError):
    code = "invalid_input"


class NotSignedIn(DevGemError):
    code = "not_signed_in"


class Forbidden(DevGemError):
    code = "forbidden"


class NotFound(DevGemError):
    code = "not_found"


class Conflict(DevGemError):
    code = "conflict"


class Unavailable(DevGemError):
    code = "unavailable"


class TooMany(DevGemError):
    code = "too_many"

    def __init__(self, message: str, *, retry_seconds: int, fix: str = "") -> None:
        super().__init__(message, fix=fix or f"Try again in {retry_seconds} seconds.")
        self.retry_seconds = retry_seconds


class SourceError(DevGemError):
    code = "source_error"


class IllegalTransition(DevGemError):
    code = "illegal_transition"
