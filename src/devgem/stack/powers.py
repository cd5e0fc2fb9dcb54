"""What of a repository runs on its own accord, or widens what a deployment of it may do: to be seen before consent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from devgem.domain.plan import BuildPlan, display
from devgem.stack.files import BrokenManifest, Files
from devgem.stack.shapes import table, text, texts

_INSTALL = ("preinstall", "install", "postinstall", "prepare", "prepublish")
_COMPOSER = ("pre-install-cmd", "post-install-cmd", "pre-autoload-dump", "post-autoload-dump")
_INSTRUCTION = re.compile(r"^\s*(RUN|CMD|ENTRYPOINT)\s+(\S.*?)\s*$", re.IGNORECASE)
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_RUN_BY_INSTALLERS = {
    "setup.py": "Python runs it while dependencies are installed",
    "build.rs": "Cargo runs it while the app is built",
    ".npmrc": "it says where packages come from, and how they are installed",
    ".pnpmfile.cjs": "pnpm runs it while dependencies are installed",
    ".yarnrc.yml": "it says where packages come from, and may name plugins that run",
    "pip.conf": "it says where packages come from",
}
_LIMIT = 40
_TEXT_LIMIT = 200


@dataclass(frozen=True)
class Power:
    """`what` in a few plain words, because of `file`."""

    what: str
    file: str


async def powers(files: Files, plan: BuildPlan | None) -> list[Power]:
    """Of the app's folder and of the repository's root."""
    found: dict[Power, None] = {}
    if plan is not None and plan.dockerfile:
        found[Power("Its own Dockerfile decides what runs in the build", plan.dockerfile)] = None
    if plan is not None and plan.release:
        file = next((e.file for e in plan.stack.evidence if e.claim == "release"), "Procfile")
        for command in plan.release:
            found[Power(f"A release command runs before each start: {_short(display(command))}", file)] = None
    for place in dict.fromkeys((files, files.root)):
        for power in [*await _scripts(place), *_by_name(place)]:
            found[power] = None
    for path in files.root.paths:
        if _WORKFLOW.fullmatch(path):
            found[Power("A workflow of GitHub Actions; a push of DevGem's may start it there", path)] = None
    return list(found)[:_LIMIT]


async def runs(files: Files, plan: BuildPlan) -> list[str]:
    """The commands that a deployment runs, in order."""
    if plan.dockerfile:
        lines = (await files.root.text(plan.dockerfile)).replace("\\\n", " ").splitlines()
        said = [f"{found[1].upper()} {found[2]}" for line in lines if (found := _INSTRUCTION.match(line))]
        return [_short(line) for line in said][:_LIMIT]
    start = (plan.start,) if plan.start else ()
    commands = [display(command) for command in (*plan.install, *plan.build, *plan.release, *start)]
    return [_short(command) for command in commands][:_LIMIT]


async def _scripts(files: Files) -> list[Power]:
    found = []
    for path, names in (("package.json", _INSTALL), ("composer.json", _COMPOSER)):
        if path not in files:
            continue
        try:
            scripts = table(await files.json(path), "scripts")
        except BrokenManifest:
            continue
        for name in names:
            if said := "; ".join(texts(scripts.get(name)) or [text(scripts.get(name))]):
                what = f"The script {name} runs while dependencies are installed: {_short(said)}"
                found.append(Power(what, files.repo_path(path)))
    return found


def _by_name(files: Files) -> Iterator[Power]:
    for name, what in _RUN_BY_INSTALLERS.items():
        if name in files:
            yield Power(what[0].upper() + what[1:], files.repo_path(name))


def _short(said: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return line if len(line) <= _TEXT_LIMIT else line[: _TEXT_LIMIT - 3] + "..."
