"""Who and what there is on the stand-in."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Account:
    login: str
    id: int
    name: str = ""
    type: str = "User"

    def to_json(self, url: str) -> dict[str, Any]:
        return {
            "login": self.login,
            "id": self.id,
            "name": self.name or None,
            "type": self.type,
            "html_url": f"{url}/{self.login}",
            "avatar_url": f"{url}/avatars/{self.id}",
        }


@dataclass
class Repo:
    """`members` may read a private one, `writers` may push; its owner may all."""

    slug: str
    id: int = 0
    private: bool = False
    default_branch: str = "main"
    description: str | None = None
    language: str | None = None
    pushed_at: str = "2026-11-01T12:00:00Z"
    members: set[str] = field(default_factory=set)
    writers: set[str] = field(default_factory=set)

    @property
    def owner(self) -> str:
        return self.slug.partition("/")[0]

    def may_read(self, login: str) -> bool:
        return not self.private or login == self.owner or login in self.members | self.writers

    def may_write(self, login: str) -> bool:
        return login == self.owner or login in self.writers


@dataclass
class Token:
    """`scopes` None: one of a GitHub App, or fine-grained. `app` is the client that it was given to."""

    login: str
    scopes: tuple[str, ...] | None = ("repo",)
    app: str = ""
    refresh: str = ""
    reads_only: bool = False


@dataclass
class OAuthApp:
    """`expiring`: a GitHub App's, whose tokens expire and are refreshed."""

    client_id: str = "Ov23liExample"
    secret: str = "secret-of-the-app"
    expiring: bool = False
    redirect_uris: tuple[str, ...] = ()


@dataclass
class Code:
    login: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str


@dataclass
class Device:
    code: str
    user_code: str
    client_id: str
    scopes: tuple[str, ...]
    login: str = ""
    denied: bool = False
    polls: int = 0
