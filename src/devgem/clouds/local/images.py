"""Finished builds: the files that a revision runs or serves, and what is needed to run them.

root/<digest>/manifest.json    the Manifest, as JSON
root/<digest>/app/             what a process has at /app; for a static site, what is served
root/builds/<build id>         the digest that the build came to
"""

import asyncio
import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from devgem.clouds.local import trees
from devgem.clouds.local.box import Bind
from devgem.clouds.local.layers import Layers
from devgem.domain.app import Image
from devgem.domain.errors import NotFound
from devgem.domain.plan import Argv

_FORMAT = 1
_YOUNG_SECONDS = 3600.0


@dataclass(frozen=True)
class Site:
    """Files to be served without a process. `fallback` answers unknown paths with 200, `not_found` with 404."""

    root: Path
    fallback: str | None = None
    not_found: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What an image needs to run, without the places where DevGem keeps things. `layer` is (app, key), `deps` which of
    its folders are mounted; `host` are what it needs of this machine outside /usr, and where (a language's runtime)."""

    cwd: str
    env: Mapping[str, str]
    start: Argv | None = None
    release: tuple[Argv, ...] = ()
    layer: tuple[str, str] | None = None
    deps: tuple[str, ...] = ()
    host: tuple[tuple[str, str], ...] = ()
    static: Mapping[str, str | None] | None = None

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Manifest":
        return cls(
            cwd=facts["cwd"],
            env=facts["env"],
            start=tuple(facts["start"]) if facts["start"] else None,
            release=tuple(tuple(command) for command in facts["release"]),
            layer=tuple(facts["layer"]) if facts["layer"] else None,
            deps=tuple(facts["deps"]),
            host=tuple((source, target) for source, target in facts["host"]),
            static=facts["static"],
        )


@dataclass(frozen=True)
class ImageManifest:
    """What a supervisor needs to run an image: `ro` is in mounting order. Exactly one of `start` and `site` is given,
    but for a plan without either. PORT and the config vars of the revision come on top of `env`."""

    digest: str
    cwd: str
    start: Argv | None
    release: tuple[Argv, ...]
    ro: tuple[Bind, ...]
    site: Site | None
    env: Mapping[str, str] = field(repr=False, default_factory=dict)


class Images:
    """Images below `root`; one process at a time writes."""

    def __init__(self, root: Path, layers: Layers) -> None:
        self._root = root
        self._builds = root / "builds"
        self._layers = layers
        self._builds.mkdir(parents=True, exist_ok=True)

    def find(self, build: str) -> Image | None:
        """The image that a build came to."""
        try:
            digest = (self._builds / build).read_text()
            size_bytes = json.loads((self._path(digest) / "manifest.json").read_text())["size_bytes"]
        except FileNotFoundError:
            return None
        return Image(digest, size_bytes)

    def open(self, digest: str) -> ImageManifest:
        """Raises NotFound for an image that is not there, or whose dependencies are not."""
        path = self._path(digest)
        try:
            manifest = Manifest.from_json(json.loads((path / "manifest.json").read_text())["manifest"])
        except FileNotFoundError:
            raise NotFound(f"there is no image {digest}", fix="Deploy the app again.") from None
        ro: list[Bind] = [(Path(source), target) for source, target in manifest.host]
        ro.append((path / "app", "/app"))
        if manifest.layer:
            layer = self._layers.find(*manifest.layer)
            if layer is None:
                raise NotFound(f"the dependencies of image {digest} are gone", fix="Deploy the app again.")
            ro += replace(layer, deps=manifest.deps).binds()
        static = manifest.static
        site = Site(path / "app", static["fallback"], static["not_found"]) if static is not None else None
        return ImageManifest(
            digest=digest,
            cwd=manifest.cwd,
            start=manifest.start,
            release=manifest.release,
            ro=tuple(ro),
            site=site,
            env=manifest.env,
        )

    async def put(self, build: str, app: Path, manifest: Manifest) -> Image:
        """Moves the folder `app` in as an image. The same files and manifest come to the same digest."""
        sealed = await asyncio.to_thread(trees.seal, app)
        facts = {"format": _FORMAT, "manifest": asdict(manifest), "files": sealed.digest}
        digest = "sha256:" + hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        if not self._path(digest).exists():
            whole = app.with_name(f"{app.name}.image")
            whole.mkdir()
            app.rename(whole / "app")
            (whole / "app").chmod(0o755)
            _write(whole / "manifest.json", json.dumps({**facts, "size_bytes": sealed.size_bytes}))
            whole.rename(self._path(digest))
        _write(self._builds / build, digest)
        return Image(digest, sealed.size_bytes)

    async def prune(self, keep: Container[str], now: float) -> set[str]:
        """Removes the images whose digest is not in `keep`, but for those built within the hour, which may be about to
        be released. `now` is in seconds since 1970. Returns the keys of the layers that the others need."""
        young: set[str] = set()
        for build in self._builds.iterdir():
            digest = build.read_text()
            if now - build.stat().st_mtime < _YOUNG_SECONDS:
                young.add(digest)
            elif digest not in keep:
                build.unlink()
        needed: set[str] = set()
        for path in [path for path in self._root.iterdir() if path != self._builds]:
            digest = f"sha256:{path.name}"
            if digest in keep or digest in young:
                layer = json.loads((path / "manifest.json").read_text())["manifest"]["layer"]
                needed.update(layer[1:] if layer else ())
            else:
                gone = path if path.name.startswith(".") else path.rename(path.with_name(f".{path.name}"))
                await trees.remove(gone)
        return needed

    def _path(self, digest: str) -> Path:
        return self._root / digest.removeprefix("sha256:")


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)
