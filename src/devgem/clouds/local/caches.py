"""Downloads that are kept from build to build.

root/wheels/             uv's, written by uv alone (see build_env.without_building): for all apps
root/npm-content/        npm's downloads by the hash of their content, which npm checks when it reads: for all apps
root/apps/<app>/         everything else, for one app alone: a hostile build spoils its own next one at most
root/apps/<app>-build/   the same for build steps, which run as another user id
"""

from pathlib import Path

from devgem.clouds.local import trees
from devgem.clouds.local.box import Bind
from devgem.clouds.local.build_env import CACHE
from devgem.clouds.local.quota import usage
from devgem.clouds.local.trees import Owner, Unusable

_NPM_CONTENT = "npm/_cacache/content-v2"


class Caches:
    """Folders below `root`, owned by those who may write to them."""

    def __init__(self, root: Path, installer: Owner, builder: Owner) -> None:
        self._root = root
        self._installer = installer
        self._builder = builder

    def wheels(self) -> Bind:
        return (trees.make_folder(self._root / "wheels", self._installer), f"{CACHE}/uv")

    async def for_install(self, app: str) -> tuple[Bind, ...]:
        own = trees.make_folder(self._root / "apps" / app, self._installer)
        content = trees.make_folder(self._root / "npm-content", self._installer)
        try:
            trees.make_inside(own, _NPM_CONTENT, self._installer)
        except Unusable:  # the app's own scripts have put something else there
            await trees.remove(own)
            trees.make_folder(own, self._installer)
            trees.make_inside(own, _NPM_CONTENT, self._installer)
        return ((own, CACHE), (content, f"{CACHE}/{_NPM_CONTENT}"))

    def for_build(self, app: str) -> tuple[Bind, ...]:
        return ((trees.make_folder(self._root / "apps" / f"{app}-build", self._builder), CACHE),)

    async def delete(self, app: str) -> None:
        for name in (app, f"{app}-build"):
            await trees.remove(self._root / "apps" / name)

    async def prune(self, limit_bytes: int) -> None:
        """Removes caches, the largest first, until the rest fits. They are made anew when needed."""
        folders = [self._root / "wheels", self._root / "npm-content", *(self._root / "apps").glob("*")]
        sizes = {folder: (await usage([folder]))[0] for folder in folders if folder.is_dir()}
        for folder in sorted(sizes, key=lambda folder: -sizes[folder]):
            if sum(sizes.values()) <= limit_bytes:
                return
            await trees.remove(folder)
            sizes.pop(folder)
