"""What requests about pushes and previews bring, and responses carry."""

from typing import Annotated

from pydantic import BaseModel, Field

from devgem.web.schemas import NO_NUL, EnvVars, Request


class PushView(BaseModel):
    """`branch` null: the one that the app was deployed from, or else the repository's default one. `watch_paths`: only
    pushes that change such files deploy; empty: every push does."""

    enabled: bool
    branch: str | None
    watch_paths: list[str]


class PreviewsView(BaseModel):
    enabled: bool


class AppSettingsView(BaseModel):
    """`push_paused`: since a rollback, until the next deployment that is no push."""

    push: PushView
    previews: PreviewsView
    push_paused: bool


class PushPatch(Request):
    enabled: bool | None = None
    branch: str | None = Field(default=None, max_length=250, pattern=NO_NUL)
    watch_paths: list[Annotated[str, Field(max_length=1000, pattern=NO_NUL)]] | None = Field(
        default=None, max_length=1000
    )


class PreviewsPatch(Request):
    enabled: bool


class AppSettingsPatch(Request):
    push: PushPatch | None = None
    previews: PreviewsPatch | None = None
    push_paused: bool | None = None


class PullRequestView(BaseModel):
    """`state`: waiting (for consent) or shown; `is_outside`: of somebody who may not write to the repository.
    `deployment`, `status` and `url` are those of its preview, null while there is none."""

    number: int
    title: str
    author: str
    origin: str
    is_outside: bool
    commit: str
    state: str
    deployment: str | None
    status: str | None
    url: str | None
    address: str


class ConsentBody(Request):
    """`sha` is the commit that was shown."""

    sha: str = Field(pattern="^[0-9a-f]{40}$")


class WebhookTaken(BaseModel):
    """`state`: taken, known (it came before), ignored, or pong."""

    state: str
    why: str | None = None


class ButtonBody(Request):
    """What was agreed to: `ref` is the commit that was shown, `generate` names the config vars that secrets are to be
    made up for."""

    source: str = Field(min_length=1, max_length=2000, pattern=NO_NUL)
    ref: str = Field(pattern="^[0-9a-f]{40}$")
    dir: str = Field(default=".", max_length=500, pattern=NO_NUL)
    name: str | None = Field(default=None, max_length=40, pattern=NO_NUL)
    env: EnvVars = Field(default={}, repr=False)
    generate: list[Annotated[str, Field(max_length=128, pattern=NO_NUL)]] = Field(default=[], max_length=100)


class ButtonStarted(BaseModel):
    """Ids, and the app's name."""

    conversation: str
    deployment: str
    app: str
