import time
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local.images import Images, Manifest
from devgem.clouds.local.layers import Layers
from devgem.domain.app import Image
from devgem.domain.errors import NotFound

LATER = time.time() + 7200
SERVER = Manifest("/app", {"PATH": "/usr/bin"}, ("node", "."), (("node", "migrate.js"),))


class Store:
    """Images and layers in a folder, and apps to make images of."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.layers = Layers(root / "layers")
        self.images = Images(root / "images", self.layers)

    async def put(self, build: str, text: str = "hello", manifest: Manifest = SERVER) -> Image:
        app = self.root / build
        app.mkdir()
        (app / "index.html").write_text(text)
        return await self.images.put(build, app, manifest)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


async def test_an_image_is_found_by_its_build_and_opened_by_its_digest(store: Store) -> None:
    image = await store.put("dep_1")
    assert store.images.find("dep_1") == image and store.images.find("dep_2") is None
    assert image.digest.startswith("sha256:") and image.size_bytes == 5
    opened = store.images.open(image.digest)
    assert (opened.start, opened.release, opened.cwd) == (SERVER.start, SERVER.release, "/app")
    assert dict(opened.env) == {"PATH": "/usr/bin"} and opened.site is None
    ((app, inside),) = opened.ro
    assert inside == "/app" and (app / "index.html").read_text() == "hello"


async def test_the_same_content_is_the_same_image_whoever_built_it(store: Store) -> None:
    first, second = await store.put("dep_1"), await store.put("dep_2")
    assert first == second and (store.root / "dep_2").exists()
    other = [await store.put("dep_3", "other"), await store.put("dep_4", manifest=replace(SERVER, cwd="/app/web"))]
    assert len({first.digest, *(image.digest for image in other)}) == 3


async def test_a_site_is_a_folder_with_its_two_pages(store: Store) -> None:
    image = await store.put(
        "dep_1", manifest=Manifest("/app", {}, static={"fallback": "index.html", "not_found": None})
    )
    opened = store.images.open(image.digest)
    assert opened.start is None and opened.site
    assert (opened.site.root / "index.html").exists() and opened.site.fallback == "index.html"


async def test_only_the_dependencies_that_the_image_names_are_mounted(store: Store) -> None:
    path = await store.layers.begin("shop", "key", None)
    for name in ("node_modules", "web/node_modules"):
        (path / "app" / name).mkdir(parents=True)
    await store.layers.finish("shop", "key", ("node_modules", "web/node_modules"))
    manifest = replace(SERVER, layer=("shop", "key"), deps=("web/node_modules",), host=(("/opt/x", "/opt/devgem/x"),))
    image = await store.put("dep_1", manifest=manifest)
    inside = [target for _, target in store.images.open(image.digest).ro]
    assert inside == ["/opt/devgem/x", "/app", "/deps", "/app/web/node_modules"]
    assert await store.images.prune({image.digest}, LATER) == {"key"}
    await store.layers.delete("shop")
    with pytest.raises(NotFound, match="dependencies"):
        store.images.open(image.digest)


async def test_pruning_keeps_what_it_is_told_to(store: Store) -> None:
    kept, gone = await store.put("dep_1"), await store.put("dep_2", "old")
    await store.images.prune({kept.digest}, LATER)
    assert store.images.find("dep_1") == kept and store.images.find("dep_2") is None
    with pytest.raises(NotFound, match=gone.digest):
        store.images.open(gone.digest)
    assert len(list((store.root / "images").iterdir())) == 2


async def test_an_image_that_may_be_about_to_be_released_is_not_pruned(store: Store) -> None:
    image = await store.put("dep_1")
    await store.images.prune(set(), time.time())
    assert store.images.find("dep_1") == image
    await store.images.prune(set(), LATER)
    assert store.images.find("dep_1") is None and len(list((store.root / "images").iterdir())) == 1
