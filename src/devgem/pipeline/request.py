"""What the pipeline is asked for, and what it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devgem.domain.app import Commit, Repository
from devgem.domain.deployment import Step


@dataclass(frozen=True)
class DeployRequest:
    """`app`: its name; None: the app that was deployed from this repository before, or a name that the repository
    suggests. `env` and `build_env` are added to the app's config vars. `own`: the repository is the operator's own,
    and may run where isolation is weak. `reason`: "request", "button", "edits", "preview",
    "pull_request", or "push", which a rollback pauses and which makes no app.
    `commit`: exactly this one, whatever the ref names by now. `patch`: edits on top of it (see source.workspace.patch).
    `preview`: not the app itself, but its preview, at an address of its own, or that of a `pull_request`; a `bare` one
    gets nothing of its app's, neither config vars nor builds. `owner`: who asks; None: whoever the named app belongs
    to."""

    repository: Repository
    app: str | None = None
    cloud: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    build_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    own: bool = False
    reason: str = "request"
    commit: Commit | None = None
    patch: str = field(default="", repr=False)
    preview: bool = False
    pull_request: int | None = None
    bare: bool = False
    owner: str | None = None


@dataclass(frozen=True)
class Rollback:
    """Traffic went from one revision to an older one. `warning` says what that does not undo."""

    app: str
    from_revision: int
    to_revision: int
    url: str | None
    warning: str


DEADLINES_SECONDS: Mapping[Step, float] = {
    Step.FETCH: 300.0,
    Step.PLAN: 60.0,
    Step.BUILD: 1860.0,
    Step.RELEASE: 300.0,
    Step.VERIFY: 600.0,
    Step.SHIFT: 120.0,
}


@dataclass(frozen=True)
class Limits:
    """`deadlines_seconds`: after this long a step has failed; a cloud that knows a sharper limit names it sooner.
    `log_lines` and `log_bytes`: what of one deployment's log is kept. `preview_seconds`: so long after it was asked
    for, a preview of edits is removed; `pull_request_seconds`: so long after its last commit, one of a pull request.
    `checks_seconds`: how long an app's own tests and linters may take."""

    deadlines_seconds: Mapping[Step, float] = field(default_factory=lambda: DEADLINES_SECONDS)
    cleanup_seconds: float = 60.0
    builds_at_once: int = 2
    log_lines: int = 250_000
    log_bytes: int = 64 << 20
    preview_seconds: float = 3600.0
    pull_request_seconds: float = 14 * 86400.0
    checks_seconds: float = 120.0
