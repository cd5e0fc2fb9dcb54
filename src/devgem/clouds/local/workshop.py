"""One build at work: tools, dependencies, the app's own build steps, and an image out of them.

<work>/app     the repository, at /app while build steps run
<work>/tmp-*   at /tmp: on disk and not in memory, so that a large temporary file meets the disk's limit
<work>/site    what is served of a static site
"""

import asyncio
import hashlib
import os
import posixpath
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devgem.clouds.local import trees
from devgem.clouds.local.box import Bind, Network
from devgem.clouds.local.build_env import (
    build_env,
    only_wheels,
    run_env,
    trusted_env,
    with_environment,
    without_building,
    workdir,
)
from devgem.clouds.local.bytecode import Bytecode
from devgem.clouds.local.caches import Caches
from devgem.clouds.local.commands import Commands, Setting
from devgem.clouds.local.failures import Ended, explain
from devgem.clouds.local.images import Images, Manifest
from devgem.clouds.local.layers import Layer, Layers, layer_key, relative_deps
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.slots import BUILD, INSTALL
from devgem.clouds.local.static_output import find_output, publish
from devgem.clouds.local.toolchains import Toolset
from devgem.clouds.local.trees import Unusable
from devgem.clouds.local.trials import try_out
from devgem.domain.app import Build, Image
from devgem.domain.failure import Failure
from devgem.domain.plan import Argv
from devgem.domain.trial import Finding, Trial

_NEEDS_BUILDING = re.compile(r"marked as `--no-build`|no usable wheels|building from source is disabled")
_TOOLS_OWN = frozenset({".cache", ".vite", ".vite-temp", ".package-lock.json", ".modules.yaml"})
"""What tools write into node_modules for themselves: of no use to what runs."""


class Failed(Exception):
    """Ends a build with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


@dataclass(frozen=True)
class Stores:
    """Where finished and half-finished things are kept."""

    layers: Layers
    images: Images
    caches: Caches
    bytecode: Bytecode


class Workshop:
    """Turns the checkout of one build into an image. Raises Failed, Unusable and Unavailable."""

    def __init__(
        self,
        build: Build,
        checkout: Path,
        work: Path,
        tools: Toolset,
        commands: Commands,
        sandbox: Sandbox,
        stores: Stores,
    ) -> None:
        self._build = build
        self._plan = with_environment(build.plan)
        self._checkout = checkout
        self._work = work
        self._tools = tools
        self._commands = commands
        self._stores = stores
        as_root = os.geteuid() == 0
        self._installer = sandbox.user_id(INSTALL) if as_root else None
        self._builder = sandbox.user_id(BUILD) if as_root else None

    async def try_out(self, trials: Sequence[Trial]) -> AsyncIterator[Finding]:
        """Tries the code out with its dependencies; nothing of it is kept but those."""
        layer = await self._layer() if self._plan.install else None
        app = await asyncio.to_thread(self._unpack, self._builder)
        setting = await self._in_app(app, layer)
        async for finding in try_out(trials, self._commands, setting):
            yield finding

    async def make(self) -> Image:
        layer = await self._layer() if self._plan.install else None
        if layer:
            self._stores.bytecode.begin(f"{self._build.id}-bytecode", layer.path, self._tools.binds)
        await self._commands.progress("Building" if self._plan.build else "Copying files")
        if self._plan.static and not self._plan.build:
            return await self._static(self._checkout)
        app = await asyncio.to_thread(self._unpack, self._builder if self._plan.build else None)
        if self._plan.build:
            layer = await self._build_in(app, layer)
        if self._plan.static:
            return await self._static(app)
        return await self._server(app, layer)

    # dependencies

    async def _layer(self) -> Layer:
        """The plan's dependencies: kept from an earlier build, or installed."""
        inputs = await asyncio.to_thread(self._inputs)
        digests = {path: content[1] for path, content in inputs.items()}
        key = layer_key(self._build.app, self._plan, self._build.env, self._tools.identity, digests)
        if found := self._stores.layers.find(self._build.app, key):
            await self._commands.note("Dependencies are the same as before: nothing to install.")
            return found
        await self._commands.progress("Installing dependencies")
        path = await self._stores.layers.begin(self._build.app, key, self._installer)
        try:
            await asyncio.to_thread(self._place, {name: file for name, (file, _) in inputs.items()}, path / "app")
            await self._install(path)
            return await self._stores.layers.finish(self._build.app, key, relative_deps(self._plan))
        except BaseException:
            await trees.remove(path)
            raise

    def _inputs(self) -> Mapping[str, tuple[Path, str]]:
        """The install's inputs that the checkout has: each file and the digest of its content."""
        found = {}
        for path in self._plan.install_inputs:
            if file := trees.inside(self._checkout, path):
                with file.open("rb") as content:
                    found[path] = (file, hashlib.file_digest(content, "sha256").hexdigest())
        return found

    def _place(self, inputs: Mapping[str, Path], app: Path) -> None:
        for path, file in inputs.items():
            target = app / posixpath.normpath(path)
            trees.make_inside(app, posixpath.dirname(path), self._installer)
            mode = 0o755 if file.stat().st_mode & 0o111 else 0o644
            trees.copy_file(file, target, mode, self._installer)
        trees.make_inside(app, self._plan.dir, self._installer)

    async def _install(self, layer: Path) -> None:
        trusted = only_wheels(self._plan.install)
        if trusted is None or not await self._from_wheels(layer, trusted):
            caches = await self._stores.caches.for_install(self._build.app)
            setting = self._setting(
                rw=((layer / "deps", "/deps"), (layer / "app", "/app"), *caches),
                slot=INSTALL,
            )
            for command in self._plan.install:
                await self._must(command, setting)

    async def _from_wheels(self, layer: Path, trusted: tuple[Argv, ...]) -> bool:
        """Installs with the cache that apps share; false when something must be built from source, which is done
        where it can spoil no one else's."""
        setting = self._setting(
            rw=((layer / "deps", "/deps"), (layer / "app", "/app"), self._stores.caches.wheels()),
            slot=INSTALL,
        )
        setting = replace(setting, env=trusted_env(setting.env))
        for command in trusted:
            network = Network.NONE if command[1] == "venv" else Network.EGRESS
            ended = await self._commands.run(
                without_building(command), replace(setting, network=network), shown=command
            )
            if ended.exit.code and any(_NEEDS_BUILDING.search(line) for line in ended.lines):
                await self._commands.note("A package has no wheel for this Python: it is built from source.")
                return False
            if ended.exit.code and command not in self._plan.install:
                await self._commands.note("What is to be installed does not go together: it is installed in turn.")
                return False
            self._check(ended)
        return True

    # the app's own build steps

    def _unpack(self, owner: trees.Owner) -> Path:
        """A copy of the checkout without what is git's, and without folders that dependencies are to lie in."""
        left_out = set(relative_deps(self._plan)) if self._plan.install else set()
        app = self._work / "app"
        trees.copy(
            self._checkout, app, owner=owner, skip=lambda path: path in left_out or path.split("/")[-1] == ".git"
        )
        return app

    async def _build_in(self, app: Path, layer: Layer | None) -> Layer | None:
        """Runs the build steps. They may change the dependencies that lie among the files (a generated client); then
        the image keeps its own copy of those."""
        deps = layer.deps if layer else ()
        setting = await self._in_app(app, layer)
        for command in self._plan.build:
            await self._must(command, setting)
        if layer is None or self._plan.static:
            return layer
        kept = []
        for dep in deps:
            untouched = trees.is_plain_folder(app, dep) and await asyncio.to_thread(
                trees.same, layer.path / "app" / dep, app / dep, _TOOLS_OWN
            )
            if untouched:
                await trees.remove(app / dep)
                kept.append(dep)
        return replace(layer, deps=tuple(kept))

    async def _in_app(self, app: Path, layer: Layer | None) -> Setting:
        """What commands see that run on the app's files, with its dependencies among them."""
        ro: tuple[Bind, ...] = ()
        if layer:
            ro = ((layer.path / "deps", "/deps"),)
            await asyncio.to_thread(self._link, layer, app)
        return self._setting(
            ro=ro,
            rw=((app, "/app"), *self._stores.caches.for_build(self._build.app)),
            slot=BUILD,
        )

    def _link(self, layer: Layer, app: Path) -> None:
        for dep in layer.deps:
            trees.make_inside(app, posixpath.dirname(dep), self._builder)
            trees.link_copy(layer.path / "app" / dep, app / dep, owner=self._builder)

    # results

    async def _static(self, app: Path) -> Image:
        site = self._plan.static
        assert site
        if not trees.is_plain_folder(app, self._plan.dir):
            raise Unusable(f"the build has put something else in place of the folder {self._plan.dir}")
        folder = app / self._plan.dir
        output = find_output(folder, site)
        if isinstance(output, Failure):
            raise Failed(output)
        await asyncio.to_thread(publish, folder / output.root, self._work / "site")
        manifest = Manifest("/app", {}, static={"fallback": output.fallback, "not_found": output.not_found})
        return await self._stores.images.put(self._build.id, self._work / "site", manifest)

    async def _server(self, app: Path, layer: Layer | None) -> Image:
        plan = self._plan
        for dep in layer.deps if layer else ():
            trees.make_inside(app, dep)
        manifest = Manifest(
            cwd=workdir(plan),
            env=run_env(plan, self._tools),
            start=plan.start,
            release=plan.release,
            layer=(layer.app, layer.key) if layer else None,
            deps=layer.deps if layer else (),
            host=tuple((str(source), target) for source, target in self._run_binds()),
        )
        return await self._stores.images.put(self._build.id, app, manifest)

    def _run_binds(self) -> tuple[Bind, ...]:
        return tuple(bind for tool in self._tools.tools if tool.at_run for bind in tool.binds)

    # commands

    def _setting(self, *, ro: tuple[Bind, ...] = (), rw: tuple[Bind, ...], slot: int) -> Setting:
        tmp = trees.make_folder(self._work / f"tmp-{slot}", self._installer if slot == INSTALL else self._builder)
        return Setting(
            cwd=workdir(self._plan),
            env=build_env(self._plan, self._build.env, self._tools),
            ro=(*self._tools.binds, *ro),
            rw=(*rw, (tmp, "/tmp")),  # noqa: S108
            slot=slot,
        )

    async def _must(self, command: Argv, setting: Setting) -> None:
        self._check(await self._commands.run(command, setting))

    def _check(self, ended: Ended) -> None:
        if ended.exit.code or ended.full:
            raise Failed(explain(replace(ended, packages=self._plan.requires_build)))
