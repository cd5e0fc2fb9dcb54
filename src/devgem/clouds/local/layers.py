"""Installed dependencies, kept by what they were made from and laid under every revision that asks for the same.

root/<app>/<key>/deps/     what is at /deps
root/<app>/<key>/app/      what the install step had at /app: its inputs and what it made of them
root/<app>/<key>.json      written last: a layer without it is not there
"""

import asyncio
import hashlib
import json
import os
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devgem.clouds.local import trees
from devgem.clouds.local.box import Bind
from devgem.domain.plan import BuildPlan

_FORMAT = 1
DEPS = "/deps"


@dataclass(frozen=True)
class Layer:
    """`deps` are the paths of the plan that really exist, relative to the repository's root; /deps always does."""

    app: str
    key: str
    path: Path
    deps: tuple[str, ...]
    size_bytes: int

    def binds(self) -> tuple[Bind, ...]:
        return (
            (self.path / "deps", DEPS),
            *((self.path / "app" / path, f"/app/{path}") for path in self.deps),
        )


def layer_key(app: str, plan: BuildPlan, env: Mapping[str, str], toolchain: str, inputs: Mapping[str, str]) -> str:
    """Everything that an install's result depends on; `inputs` are the digests of `plan.install_inputs`. The app is a
    part of it: what one app's install has written, no other app is given."""
    facts = {
        "format": _FORMAT,
        "app": app,
        "machine": platform.machine(),
        "toolchain": toolchain,
        "dir": plan.dir,
        "install": plan.install,
        "deps": plan.deps,
        "env": [dict(plan.build_env), dict(env)],
        "inputs": dict(inputs),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def relative_deps(plan: BuildPlan) -> tuple[str, ...]:
    """The plan's dependency folders that lie among the repository's files."""
    return tuple(path for path in plan.deps if not path.startswith("/"))


class Layers:
    """Layers below `root`; one process at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def find(self, app: str, key: str) -> Layer | None:
        marker = self._marker(app, key)
        try:
            facts = json.loads(marker.read_text())
        except FileNotFoundError:
            return None
        os.utime(marker)
        return Layer(app, key, self._path(app, key), tuple(facts["deps"]), facts["size_bytes"])

    async def begin(self, app: str, key: str, owner: trees.Owner) -> Path:
        """An empty folder for a layer in the making, with deps/ and app/ in it."""
        path = self._path(app, key)
        await trees.remove(path)
        for name in ("deps", "app"):
            trees.make_folder(path / name, owner)
        return path

    async def finish(self, app: str, key: str, deps: Sequence[str]) -> Layer:
        """The layer that is now whole. A dependency folder that install did not make, or put a link in place of, is
        left out."""
        path = self._path(app, key)
        found = [dep for dep in deps if trees.is_plain_folder(path / "app", dep)]
        size_bytes = await asyncio.to_thread(trees.measure, path, open_up=True)
        marker = self._marker(app, key)
        fresh = marker.with_suffix(".new")
        fresh.write_text(json.dumps({"deps": found, "size_bytes": size_bytes}))
        fresh.replace(marker)
        return Layer(app, key, path, tuple(found), size_bytes)

    async def sweep(self) -> None:
        """Removes what an interrupted install has left."""
        for folder in self._root.glob("*/*"):
            if folder.suffix == ".new" or (folder.is_dir() and not folder.with_suffix(".json").exists()):
                await trees.remove(folder)

    async def prune(self, keep: Collection[str], limit_bytes: int) -> None:
        """Removes the layers whose key is not in `keep`, those unused for longest first, until the others fit."""
        markers = sorted(self._root.glob("*/*.json"), key=lambda path: -path.stat().st_mtime)
        total = 0
        for marker in markers:
            total += json.loads(marker.read_text())["size_bytes"]
            if total > limit_bytes and marker.stem not in keep:
                marker.unlink()
                await trees.remove(marker.with_suffix(""))

    async def delete(self, app: str) -> None:
        await trees.remove(self._root / app)

    def _path(self, app: str, key: str) -> Path:
        return self._root / app / key

    def _marker(self, app: str, key: str) -> Path:
        return self._root / app / f"{key}.json"
