"""Repositories with several apps: which folders hold one."""

import posixpath
import re
from collections.abc import Awaitable, Callable

from devgem.domain.plan import BuildPlan, Candidate, Kind
from devgem.stack.files import Files

LIMIT = 40
"""Folders looked into, nearest to the root first."""
DEPTH = 3

_MANIFEST = re.compile(
    r"(requirements\.txt|pyproject\.toml|setup\.py|Pipfile|package\.json|deno\.jsonc?|go\.mod|Gemfile|composer\.json|pom\.xml|"
    r"build\.gradle(\.kts)?|Cargo\.toml|mix\.exs|[^/]+\.(cs|fs)proj|Dockerfile|Procfile|Staticfile|index\.html|index\.php|"
    r"config\.ru|hugo\.(toml|ya?ml)|devgem\.toml)"
)
_SKIPPED = re.compile(
    r"(^|/)(node_modules|vendor|dist|build|target|out|coverage|__pycache__|\.[^/]+|venv|site-packages|tests?|__tests__|"
    r"fixtures|testdata|templates|static|assets|public|e2e|cypress|scripts|tools|extras?|packaging|ci|contrib|hack)(/|$)",
    re.IGNORECASE,
)
_DEMOS = re.compile(
    r"(^|/)_?(examples?|samples?|demos?|docs?|tutorials?|playground|benchmarks?|templates?)(/|$)", re.IGNORECASE
)


def app_folders(files: Files) -> list[str]:
    """Folders with a manifest, nearest to the root first, relative to the folder that is looked at."""
    found = {
        folder: None
        for path in files.paths
        if (folder := posixpath.dirname(path))
        and folder.count("/") < DEPTH
        and _MANIFEST.fullmatch(posixpath.basename(path))
        and not _SKIPPED.search(folder)
    }
    return sorted(found, key=lambda folder: (bool(_DEMOS.search(folder)), folder.count("/"), folder))[:LIMIT]


async def find_candidates(
    files: Files, plan: Callable[[Files], Awaitable[object]]
) -> list[tuple[Candidate, BuildPlan]]:
    """The folders below that can be deployed, each with its plan. `plan` is how one folder is planned. Demos count
    only when there is nothing else; a folder inside an app's folder is a part of that app."""
    found: list[tuple[Candidate, BuildPlan]] = []
    for folder in app_folders(files):
        if any(folder.startswith(other.dir + "/") for other, _ in found):
            continue
        if found and _DEMOS.search(folder) and not _DEMOS.search(found[0][0].dir):
            break
        answer = await plan(files.below(folder))
        if isinstance(answer, BuildPlan) and _is_app(folder, answer):
            found.append((Candidate(folder, summary(answer)), answer))
    return found


def is_demo(folder: str) -> bool:
    return _DEMOS.search(folder) is not None


def _is_app(folder: str, plan: BuildPlan) -> bool:
    """A page or a script somewhere deep in a repository is rarely what is meant to be deployed."""
    if plan.stack.language == "static" and not plan.dockerfile:
        return ("/" not in folder and not is_demo(folder)) or bool(
            re.match(r"(apps|packages|services|sites|projects)/[^/]+$", folder)
        )
    if plan.stack.language == "docker":
        return plan.stack.confidence == "high"
    return plan.stack.kind is not Kind.WORKER or plan.stack.confidence == "high" or plan.dockerfile is not None


def summary(plan: BuildPlan) -> str:
    """In a few words: `fastapi server (python)`."""
    stack = plan.stack
    what = {Kind.SERVER: "server", Kind.STATIC: "site", Kind.WORKER: "worker"}.get(stack.kind, "app")
    return f"{stack.framework} {what} ({stack.language})" if stack.framework else f"{stack.language} {what}"
