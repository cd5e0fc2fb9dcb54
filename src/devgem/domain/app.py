"""Apps, where their code comes from, and their revisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from devgem.domain.errors import InvalidInput
from devgem.domain.plan import BuildPlan


@dataclass(frozen=True)
class Repository:
    """Where code lives: a git URL (`https://...`, `ssh://...`, `file://...`) or the absolute path of a folder.
    `dir` is the app's folder in it, `ref` a branch, tag or SHA (None: the default branch, or
    a folder's working state)."""

    location: str
    ref: str | None = None
    dir: str = "."

    @property
    def is_folder(self) -> bool:
        return self.location.startswith("/")


@dataclass(frozen=True)
class Commit:
    """One commit of a repository. `sha` is 40 hexadecimal digits; for a folder's working state that is no commit,
    the digest of its files, and `dirty` is true."""

    sha: str
    dirty: bool = False
    subject: str = ""


@dataclass(frozen=True)
class App:
    """A named thing that a user deploys."""

    name: str
    repository: Repository
    cloud: str
    created_at: datetime


@dataclass(frozen=True)
class Resources:
    """What one instance may use at most."""

    memory_bytes: int = 512 << 20
    cpus: float = 1.0
    processes: int = 256


@dataclass(frozen=True)
class Build:
    """One attempt to turn a commit and a plan into an image. `id` is the deployment's id. `env` are the build-time
    config vars only: the run-time ones never reach a build. `patch` are edits on top of the commit, as a text that
    `git apply` takes."""

    id: str
    app: str
    repository: Repository
    commit: Commit
    plan: BuildPlan
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    patch: str = field(default="", repr=False)


@dataclass(frozen=True)
class Image:
    """The result of a build. `digest` is `sha256:<64 hex>`; the cloud finds the image by it."""

    digest: str
    size_bytes: int = 0


@dataclass(frozen=True)
class Revision:
    """An immutable image + config vars + resources, numbered 1, 2, ... per app."""

    app: str
    number: int
    deployment: str
    image: Image
    plan: BuildPlan
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    resources: Resources = Resources()


@dataclass(frozen=True)
class Traffic:
    """Percent of requests per revision number, summing to 100."""

    shares: Mapping[int, int]

    def __post_init__(self) -> None:
        if not self.shares or sum(self.shares.values()) != 100 or min(self.shares.values()) < 0:
            raise InvalidInput(f"traffic shares {dict(self.shares)} do not sum to 100")


@dataclass(frozen=True)
class Proof:
    """Evidence that a revision answers: HTTP status, seconds to the first byte, and the port it really listens on."""

    status: int
    first_byte_seconds: float
    port: int | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Progress:
    """How far a step is: a few words, and a fraction of 1 where it is known."""

    message: str
    fraction: float | None = None


@dataclass(frozen=True)
class Instance:
    """One running process (tree) of a revision. `state`: starting, ready, draining, stopped, crashed."""

    app: str
    revision: int
    state: str
    started_at: datetime
    restarts: int = 0
    exit_code: int | None = None


@dataclass(frozen=True)
class Check:
    """One finding of a preflight: `fix` is the command or click that mends it, empty when all is well. What is
    not `needed` only takes something away (a language that nobody may use here)."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    needed: bool = True


@dataclass(frozen=True)
class RevisionSignals:
    """Counts since the edge started: requests by status class (`"2xx"`: n), and latency percentiles in seconds."""

    revision: int
    requests: int
    by_status: Mapping[str, int]
    latency_p50_seconds: float | None
    latency_p99_seconds: float | None
    in_flight: int = 0


@dataclass(frozen=True)
class Signals:
    app: str
    revisions: Sequence[RevisionSignals] = ()


@dataclass(frozen=True)
class Measurement:
    """What an app was asked in one step of time, which begins `at`: requests, those answered 5xx, latency percentiles
    in seconds (None where nothing was asked), and instances where the cloud tells their number."""

    at: datetime
    requests: int
    errors: int
    p50_seconds: float | None = None
    p99_seconds: float | None = None
    instances: int | None = None


@dataclass(frozen=True)
class Metrics:
    """Measurements in order, one a step; steps in which nothing was asked are left out. The newest may be
    `delay_seconds` old, since the cloud tells no sooner."""

    app: str
    step_seconds: int
    delay_seconds: float = 0.0
    items: Sequence[Measurement] = ()
