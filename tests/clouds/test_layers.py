import os
from dataclasses import replace
from pathlib import Path

from devgem.clouds.local.layers import Layer, Layers, layer_key
from devgem.domain.plan import BuildPlan, Kind, Stack

PLAN = BuildPlan(
    Stack("node", kind=Kind.SERVER, runtime="node"),
    install=(("npm", "ci"),),
    install_inputs=("package.json",),
    deps=("node_modules",),
)


async def made(layers: Layers, app: str, key: str, deps: tuple[str, ...] = ("node_modules",)) -> Layer:
    path = await layers.begin(app, key, None)
    (path / "app" / "node_modules" / "a").mkdir(parents=True)
    (path / "app" / "node_modules" / "a" / "index.js").write_text("12345")
    return await layers.finish(app, key, deps)


def test_a_key_depends_on_everything_that_an_install_reads() -> None:
    def key(app: str = "shop", plan: BuildPlan = PLAN, tools: str = "node 20", file: str = "1", **env: str) -> str:
        return layer_key(app, plan, env, tools, {"package.json": file})

    keys = [
        key(),
        key(app="blog"),
        key(tools="node 22"),
        key(file="2"),
        key(TOKEN="x"),
        key(plan=replace(PLAN, install=(("npm", "install"),))),
        key(plan=replace(PLAN, dir="web")),
        key(plan=replace(PLAN, build_env={"A": "1"})),
    ]
    assert len(set(keys)) == len(keys) and key() == key()


def test_a_key_does_not_depend_on_the_apps_own_steps() -> None:
    other = replace(PLAN, build=(("npm", "run", "build"),), start=("node", "."), run_env={"A": "1"})
    assert layer_key("shop", PLAN, {}, "", {}) == layer_key("shop", other, {}, "", {})


async def test_a_layer_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    layers = Layers(tmp_path)
    await layers.begin("shop", "half", None)
    whole = await made(layers, "shop", "whole")
    assert layers.find("shop", "half") is None and layers.find("shop", "whole") == whole
    assert whole.size_bytes == 5 and whole.binds()[1] == (whole.path / "app" / "node_modules", "/app/node_modules")
    await layers.sweep()
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == ["whole", "whole.json"]


async def test_an_app_is_not_given_another_apps_layer(tmp_path: Path) -> None:
    layers = Layers(tmp_path)
    await made(layers, "shop", "key")
    assert layers.find("blog", "key") is None


async def test_a_link_in_place_of_dependencies_is_not_mounted(tmp_path: Path) -> None:
    layers = Layers(tmp_path)
    path = await layers.begin("shop", "key", None)
    (path / "app" / "node_modules").symlink_to("/")
    (path / "app" / "web").symlink_to("/")
    layer = await layers.finish("shop", "key", ("node_modules", "web/etc", "missing"))
    assert layer.deps == ()


async def test_what_is_in_use_is_kept_and_the_rest_is_bounded(tmp_path: Path) -> None:
    layers = Layers(tmp_path)
    for age, key in enumerate(("newest", "older", "oldest")):
        await made(layers, "shop", key)
        os.utime(tmp_path / "shop" / f"{key}.json", (1000 - age, 1000 - age))
    await layers.prune({"oldest"}, limit_bytes=6)
    assert sorted(path.name for path in (tmp_path / "shop").glob("*.json")) == ["newest.json", "oldest.json"]
    assert not (tmp_path / "shop" / "older").exists()
    await layers.delete("shop")
    assert not (tmp_path / "shop").exists()
