"""What signing in takes, and what a page is told of who is signed in."""

from pydantic import BaseModel, Field, SecretStr

from devgem.web.schemas import IsolationView


class UserView(BaseModel):
    id: str
    login: str
    name: str


class WaysIn(BaseModel):
    """`github`: browsers can sign in there; `token`: a token of GitHub's can be pasted in; `app_url`: where a user
    chooses what a GitHub App may see."""

    github: bool
    token: bool
    app_url: str | None


class GitHubAccess(BaseModel):
    """What GitHub lets DevGem read for the user."""

    scopes: list[str]
    can_read_private: bool


class SessionView(BaseModel):
    signed_in: bool
    user: UserView | None
    version: str
    isolation: IsolationView | None
    sign_in: WaysIn
    github: GitHubAccess | None = None
    clouds: list[str] = []


class TokenBody(BaseModel):
    token: SecretStr = Field(min_length=1, max_length=500)


class DeviceStarted(BaseModel):
    """`user_code` is typed in at `verification_uri`; `handle` is asked for every `interval` seconds."""

    handle: str
    user_code: str
    verification_uri: str
    interval: int
    expires_in: int


class DeviceSignedIn(BaseModel):
    """`token` is that of a session, as a bearer token."""

    token: str
    user: UserView
