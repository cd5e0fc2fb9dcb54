"""What a diagnosis is made from."""

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from devgem.domain.deployment import Step
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan

FILES_WANTED = 40
_NAMES_SHOWN = 6
_MANIFESTS = (
    "package.json",
    ".nvmrc",
    ".node-version",
    ".npmrc",
    "tsconfig.json",
    "next.config.js",
    "next.config.mjs",
    "next.config.ts",
    "postcss.config.js",
    "postcss.config.mjs",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    ".python-version",
    "runtime.txt",
    "manage.py",
    "Procfile",
    "devgem.toml",
    "go.mod",
    "Gemfile",
    ".ruby-version",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Cargo.toml",
    "mix.exs",
    "global.json",
    "Dockerfile",
    ".dockerignore",
    ".gitmodules",
    "hugo.toml",
    "config.toml",
    "_config.yml",
    "angular.json",
)
_LIKELY_SOURCES = re.compile(r"(?:^|/)(?:app|main|wsgi|asgi|server|index|run|settings|__init__)\.(?:py|js|mjs|ts)$")
_NAMED = re.compile(r"(?<![\w/.-])(?:/app/|\./)?((?:[\w@+.-]{1,80}/){0,12}[\w@+.-]{1,80}\.[A-Za-z]{1,6})\b")
_INSTALLED = ("node_modules/", "site-packages/", "vendor/", "deps/", ".venv/")


@dataclass(frozen=True)
class Evidence:
    """`lines` are those of the failing step, in order; `files` are contents by path (see `wanted`), `paths` all that
    the commit has, both relative to the repository's root; `env` the names of the config vars that are set;
    `folder` is the app's folder where there is no plan; `served_before`: there is a revision to go back to."""

    app: str
    step: Step
    failure: Failure
    lines: Sequence[LogLine] = ()
    plan: BuildPlan | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    paths: Collection[str] = ()
    env: Collection[str] = ()
    exit_code: int | None = None
    signal: int | None = None
    served_before: bool = False
    folder: str = "."

    @property
    def language(self) -> str | None:
        return self.plan.stack.language if self.plan else None

    @property
    def package_manager(self) -> str | None:
        return self.plan.stack.package_manager if self.plan else None

    @property
    def framework(self) -> str | None:
        return self.plan.stack.framework if self.plan else None

    @property
    def dir(self) -> str:
        return self.plan.dir if self.plan else self.folder

    def here(self, name: str) -> str:
        """A path of the app's folder, relative to the repository's root."""
        return posixpath.normpath(posixpath.join(self.dir, name))

    def find(self, *names: str) -> str | None:
        """The first of these files whose content is known, in the app's folder before the repository's root."""
        places = (path for name in names for path in (self.here(name), name))
        return next((path for path in places if path in self.files), None)

    @property
    def unset(self) -> tuple[str, ...]:
        """The config vars that are not set: those that the code cannot live without, else all that it reads where
        they are few."""
        if self.plan is None:
            return ()
        required, read = (
            tuple(name for name in names if name not in self.env)
            for names in (self.plan.env_required, self.plan.env_names)
        )
        return required or (read if len(read) <= _NAMES_SHOWN else ())

    def has(self, *names: str) -> bool:
        return any(path in self.files or path in self.paths for name in names for path in (self.here(name), name))


def wanted(plan: BuildPlan | None, lines: Iterable[LogLine], paths: Collection[str]) -> tuple[str, ...]:
    """The files of a commit that the rules may need to see: manifests, what the plan was made from, what the log
    names; at most FILES_WANTED of those in `paths`."""
    known = set(paths)
    folder = plan.dir if plan else "."
    manifests = (path for name in _MANIFESTS for path in (posixpath.normpath(posixpath.join(folder, name)), name))
    planned = (*plan.install_inputs, *(claim.file for claim in plan.stack.evidence)) if plan else ()
    named = (path for line in lines for path in _paths_in(line.text, folder))
    sources = (path for path in sorted(paths, key=lambda p: (p.count("/"), p)) if _LIKELY_SOURCES.search(path))
    found = dict.fromkeys(path for group in (manifests, planned, named, sources) for path in group if path in known)
    return tuple(found)[:FILES_WANTED]


def _paths_in(text: str, folder: str) -> Iterable[str]:
    for match in _NAMED.finditer(text[:1000]):
        if not match[1].startswith(_INSTALLED):
            yield match[1]
            yield posixpath.normpath(posixpath.join(folder, match[1]))
