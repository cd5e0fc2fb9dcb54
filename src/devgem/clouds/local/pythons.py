"""Which Python an app gets: the one it asks for if it is here or uv can fetch it, else the nearest that may do."""

import asyncio
import json
import os
import posixpath
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from devgem.domain.plan import Stack

OLDEST = Version("3.8")
_GOOD = "3.12"
"""The series that most packages have wheels for, where nothing is asked for."""
_STATES_A_RANGE = frozenset({"pyproject.toml", "setup.cfg", "setup.py"})
_FETCH_SECONDS = 300.0


@dataclass(frozen=True)
class Python:
    path: Path
    version: Version

    @property
    def series(self) -> str:
        return f"{self.version.major}.{self.version.minor}"


@dataclass(frozen=True)
class Wish:
    """What a repository asks for. `exact`: nothing but this series will do; `spec`: nothing outside this range."""

    series: str
    exact: bool
    spec: SpecifierSet | None = None
    stated_in: str | None = None


def wish(stack: Stack) -> Wish:
    """A version file is meant exactly. A manifest's range was turned into one series that fits it, but others may
    too (uv checks). Without any statement the series is DevGem's own choice."""
    of_python = stack.runtime == "python"
    stated = next((e for e in stack.evidence if e.claim == "version"), None) if of_python else None
    series = ".".join(stack.version.split(".")[:2]) if of_python else ""
    series = series or _GOOD
    if stated is None:
        return Wish(series, exact=False)
    try:
        spec = SpecifierSet(stated.value) if not stated.value[:1].isdigit() else None
    except InvalidSpecifier:
        spec = None
    exact = spec is None and posixpath.basename(stated.file) not in _STATES_A_RANGE
    return Wish(series, exact, spec, stated.file)


def choose(wanted: Wish, present: Sequence[Python]) -> Python | None:
    """The wanted series in its newest release, which is none when it is not there."""
    fitting = [python for python in present if python.series == wanted.series]
    return max(fitting, key=lambda python: python.version, default=None)


def choose_instead(wanted: Wish, present: Sequence[Python]) -> Python | None:
    """What may do in place of the wanted series: the newest older one, else the oldest newer one."""
    if wanted.exact:
        return None
    usable = [p for p in present if p.version >= OLDEST and (wanted.spec is None or p.version in wanted.spec)]
    older = [p for p in usable if Version(p.series) < Version(wanted.series)]
    newer = [p for p in usable if Version(p.series) > Version(wanted.series)]
    return max(older, key=lambda p: p.version, default=None) or min(newer, key=lambda p: p.version, default=None)


class Pythons:
    """The Pythons of this machine, and those that uv fetches into `root`."""

    def __init__(self, root: Path, uv: Path) -> None:
        self._root = root
        self._uv = uv
        self._present: list[Python] | None = None

    async def present(self, *, anew: bool = False) -> Sequence[Python]:
        if self._present is None or anew:
            self._present = await self._list()
        return self._present

    async def fetch(self, series: str) -> str:
        """Has uv fetch a series (from github.com). Returns why it could not, or an empty text."""
        code, text = await self._run("python", "install", "--no-bin", series)
        return (text.strip().splitlines() or ["uv gave no reason"])[-1].strip() if code else ""

    async def _list(self) -> list[Python]:
        code, text = await self._run("python", "list", "--only-installed", "--output-format", "json")
        if code:
            return []
        found: dict[Path, Python] = {}
        for item in json.loads(text):
            if item["implementation"] == "cpython" and item["variant"] == "default":
                path = Path(item["path"]).resolve()
                found.setdefault(path, Python(path, Version(item["version"])))
        return list(found.values())

    async def _run(self, *arguments: str) -> tuple[int, str]:
        def run() -> tuple[int, str]:
            try:
                done = subprocess.run(
                    [str(self._uv), "--no-config", "--no-progress", *arguments],
                    env=self._environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=_FETCH_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return 1, f"uv was not done after {_FETCH_SECONDS:.0f} s"
            return done.returncode, done.stdout if done.returncode == 0 else done.stderr

        return await asyncio.to_thread(run)

    def _environment(self) -> dict[str, str]:
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        folders = [str(folder) for folder in sorted(pyenv.glob("versions/*/bin"))]
        kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        for name in ("SSL_CERT_FILE", "HOME", "UV_PYTHON_INSTALL_MIRROR"):
            if name in os.environ:
                kept[name] = os.environ[name]
        path = ":".join([*folders, "/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin"])
        return {**kept, "PATH": path, "UV_PYTHON_INSTALL_DIR": str(self._root), "UV_HTTP_RETRIES": "0"}
