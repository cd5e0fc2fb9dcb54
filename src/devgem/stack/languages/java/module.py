"""What Maven and Gradle projects have in common: a module of a build, and what is found in its sources."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from devgem.domain.plan import Argv
from devgem.stack.files import Files
from devgem.stack.languages.code import Hit, read_code, search
from devgem.stack.versions import Stated

_MAIN = (
    r"\bstatic\s+(?:public\s+)?(?:final\s+)?void\s+main\s*\(",
    r"^(?:suspend\s+)?fun\s+main\s*\(",
)
_MAIN_IN_OBJECT = r"^object\s+\w+|@JvmStatic"


@dataclass(frozen=True)
class Where:
    """A line of a file, relative to the repository's root."""

    path: str
    line: int | None = None


@dataclass(frozen=True)
class Module:
    """A module of a Maven or Gradle build. `root` is the folder in which the build runs, `dir` the module's; both
    relative to the repository's root. `dependencies` are artifact ids, `plugins` ids of plugins. `jar` is the file that
    packaging makes, relative to `dir`; None when only the build can tell its name."""

    tool: str
    root: str
    dir: str
    manifest: str
    dependencies: Mapping[str, Where] = field(default_factory=dict)
    plugins: Mapping[str, Where] = field(default_factory=dict)
    java: Stated | None = None
    main_class: tuple[str, Where] | None = None
    name: str = "app"
    jar: str | None = None
    packaging: str = "jar"
    is_app: bool = True
    boot_task: str = "bootJar"

    def dependency(self, pattern: str) -> tuple[str, Where] | None:
        """The first dependency whose artifact id is matched whole."""
        return next(((name, at) for name, at in self.dependencies.items() if re.fullmatch(pattern, name)), None)

    def plugin(self, pattern: str) -> tuple[str, Where] | None:
        return next(((name, at) for name, at in self.plugins.items() if re.fullmatch(pattern, name)), None)

    def below(self, path: str) -> str:
        """A path of the module, as seen from the folder in which the build runs."""
        return posixpath.relpath(posixpath.normpath(f"{self.dir}/{path}"), self.root)


@dataclass(frozen=True)
class Build:
    """How a tool installs and packages. `inputs` are relative to the repository's root. `start` is where the packaged
    program lies, relative to the folder in which the build runs: a jar for `java -jar`, or a program."""

    install: tuple[Argv, ...]
    inputs: tuple[str, ...]
    deps: tuple[str, ...]
    build: tuple[Argv, ...]
    env: Mapping[str, str]
    jar: str | None = None
    program: str | None = None
    class_path: str | None = None
    artifacts: tuple[str, ...] = ()
    sure: bool = True


def sources(files: Files, folder: str) -> list[str]:
    """The module's own Java and Kotlin sources, relative to the repository's root; no tests."""
    view = files.root.below(folder)
    found = [p for p in view.paths if p.endswith((".java", ".kt")) and re.match(r"(src/(?!\w*[tT]est)|[^/]+$)", p)]
    return [view.repo_path(path) for path in sorted(found, key=lambda p: (p.count("/"), p))[:300]]


def settings(files: Files, folder: str) -> list[str]:
    """The module's own configuration files, relative to the repository's root."""
    view = files.root.below(folder)
    pattern = r"(src/main/resources/)?(application|bootstrap)(-prod\w*)?\.(properties|ya?ml|conf)"
    return [view.repo_path(path) for path in view.paths if re.fullmatch(pattern, path)]


async def find_main(root: Files, paths: Iterable[str], preferred: Iterable[str] = ()) -> tuple[str, Hit] | None:
    """The class with a main function; of several one in `preferred` (the files that listen) goes first."""
    ordered = sorted(paths, key=lambda path: path not in set(preferred))
    hit = await search(root, ordered, "|".join(_MAIN))
    if hit is None:
        return None
    text = await read_code(root, hit.path)
    package = re.search(r"^package\s+([\w.]+)", text, re.MULTILINE)
    name = posixpath.basename(hit.path).rpartition(".")[0]
    if hit.path.endswith(".kt"):
        named = re.search(r"^@file:JvmName\(\"(\w+)\"\)", text, re.MULTILINE)
        inside = re.search(_MAIN_IN_OBJECT, text, re.MULTILINE)
        name = named.group(1) if named else name if inside else f"{name[:1].upper()}{name[1:]}Kt"
    return (f"{package.group(1)}.{name}" if package else name), hit
