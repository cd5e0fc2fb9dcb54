"""Builds of apps that mean no harm, in the real sandbox; a few install real packages."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.app import Commit, Repository
from devgem.domain.errors import SourceError
from devgem.domain.plan import BuildPlan, Stack, StaticSite

from .builds import FLASK, NODE, SHELL, SITE, Yard, shell

FLASK_APP = {"requirements.txt": "flask==3.1.3\n", "app.py": "import flask\nprint(flask.__name__, __doc__)\n"}
MODULES = replace(
    SHELL,
    install=(shell("mkdir -p node_modules/a && cp package.json node_modules/a/index.js"),),
    install_inputs=("package.json",),
    deps=("node_modules",),
    start=("cat", "node_modules/a/index.js"),
)


@pytest.fixture
async def yard(tmp_path: Path, real_sandbox: Sandbox) -> AsyncIterator[Yard]:
    yard = Yard(tmp_path, real_sandbox)
    yield yard
    await yard.builder.close()


async def test_a_flask_app_is_installed_once_and_runs(yard: Yard) -> None:
    first = await yard.build(yard.source(FLASK_APP), FLASK)
    assert first.commands == ["uv venv /deps/venv", "uv pip install -r requirements.txt"]
    assert "Installing dependencies" in first.progress
    assert (await yard.run(first.image)).out == "flask None\n"

    changed = yard.source({"app.py": '"""new"""\nimport flask\nprint(flask.__name__, __doc__)\n'})
    second = await yard.build(changed, FLASK)
    assert second.commands == [] and "nothing to install" in second.text
    assert (await yard.run(second.image)).out == "flask new\n" and len(yard.layers()) == 1
    assert second.image != first.image

    await yard.builder.close()
    (layer,) = yard.layers()
    assert list(layer.with_suffix("").glob("deps/venv/lib/*/site-packages/flask/__pycache__/app.*.pyc"))


async def test_another_app_installs_from_the_same_downloads_into_a_layer_of_its_own(yard: Yard) -> None:
    source = yard.source(FLASK_APP)
    await yard.build(source, FLASK)
    other = await yard.build(source, FLASK, app="blog")
    assert "Prepared" not in other.text and "Installed" in other.text  # uv prepares what it has to download
    assert {path.parent.name for path in yard.layers()} == {"shop", "blog"}


async def test_a_package_without_a_wheel_is_built_where_it_can_spoil_no_one_elses(yard: Yard) -> None:
    source = yard.source(
        {"requirements.txt": "docopt==0.6.2\n", "app.py": "import docopt\nprint(docopt.__version__)\n"}
    )
    outcome = await yard.build(source, FLASK)
    assert "built from source" in outcome.text
    assert (await yard.run(outcome.image)).out == "0.6.2\n"
    caches = yard.root / "cloud" / "caches"
    assert (caches / "apps" / "shop" / "uv").is_dir()
    assert not list(caches.glob("wheels/**/docopt-0.6.2*"))


async def test_a_python_program_without_dependencies_runs(yard: Yard) -> None:
    plan = replace(FLASK, install=(), install_inputs=(), deps=(), start=("python", "-c", "print('runs')"))
    assert (await yard.run((await yard.build(yard.source({}), plan)).image)).out == "runs\n"


async def test_an_express_app_is_installed_by_npm_as_its_lock_says(yard: Yard) -> None:
    source = Path(__file__).with_name("sources") / "express"
    outcome = await yard.build(source, NODE)
    assert outcome.commands == ["npm ci"]
    result = await yard.run(outcome.image, "node", "-e", "console.log(typeof require('express'))")
    assert result.out == "function\n", result.err
    content = yard.root / "cloud" / "caches" / "npm-content"
    assert list(content.glob("sha512/*/*/*")) and not list(content.glob("**/index-v5"))


async def test_of_a_built_site_only_the_output_is_kept(yard: Yard) -> None:
    source = yard.source({"package.json": "{}", "index.html": "source", "src/secret.js": "x"})
    plan = replace(
        MODULES,
        build=(shell("test -s node_modules/a/index.js && mkdir -p dist && echo built > dist/index.html"),),
        static=StaticSite(None, ("dist",), fallback="index.html"),
        start=None,
    )
    opened = yard.builder.images.open((await yard.build(source, plan)).image.digest)
    assert opened.site and opened.start is None and opened.site.fallback == "index.html"
    assert [path.name for path in opened.site.root.iterdir()] == ["index.html"]
    assert (opened.site.root / "index.html").read_text() == "built\n"


async def test_a_plain_site_runs_nothing(yard: Yard) -> None:
    outcome = await yard.build(yard.source({"index.html": "hi", ".git/config": "x", ".env": "SECRET=1"}), SITE)
    opened = yard.builder.images.open(outcome.image.digest)
    assert outcome.commands == [] and opened.site
    assert [path.name for path in opened.site.root.iterdir()] == ["index.html"]


async def test_an_apps_folder_has_its_dependencies_beside_it_and_the_repository_around_it(yard: Yard) -> None:
    source = yard.source({"web/package.json": "nested\n", "shared/lib.txt": "shared\n"})
    plan = replace(
        MODULES, dir="web", install_inputs=("web/package.json",), deps=("web/node_modules",),
        start=("cat", "node_modules/a/index.js", "../shared/lib.txt"),
    )  # fmt: skip
    outcome = await yard.build(source, plan)
    assert (await yard.run(outcome.image)).out == "nested\nshared\n"


async def test_an_install_sees_its_inputs_and_nothing_else(yard: Yard) -> None:
    source = yard.source({"package.json": "x", "app.js": "y", "sub/deep.txt": "z"})
    plan = replace(MODULES, install=(shell("find . -type f; mkdir node_modules"),))
    outcome = await yard.build(source, plan)
    assert [line.text for line in outcome.lines if line.stream == "out"] == ["./package.json"]


async def test_a_build_step_cannot_change_what_revisions_share(yard: Yard) -> None:
    source = yard.source({"package.json": "shared\n"})
    await yard.build(source, MODULES)
    plan = replace(MODULES, build=(shell("echo mine >> node_modules/a/index.js; chmod 777 node_modules/a/index.js"),))
    outcome = await yard.build(source, plan)
    (layer,) = yard.layers()
    assert (layer.with_suffix("") / "app" / "node_modules" / "a" / "index.js").read_text() == "shared\n"
    if os.geteuid() == 0:
        assert outcome.failure.code == "permission"


async def test_dependencies_that_a_build_step_adds_to_are_the_images_own(yard: Yard) -> None:
    source = yard.source({"package.json": "shared\n"})
    generate = shell("mkdir -p node_modules/.prisma && echo generated > node_modules/.prisma/client.js")
    plan = replace(
        MODULES, build=(generate,), start=("cat", "node_modules/.prisma/client.js", "node_modules/a/index.js")
    )
    outcome = await yard.build(source, plan)
    assert (await yard.run(outcome.image)).out == "generated\nshared\n"
    (layer,) = yard.layers()
    assert not (layer.with_suffix("") / "app" / "node_modules" / ".prisma").exists()


async def test_what_tools_cache_among_dependencies_does_not_part_them_from_their_layer(yard: Yard) -> None:
    plan = replace(MODULES, build=(shell("mkdir -p node_modules/.cache && echo x > node_modules/.cache/y"),))
    outcome = await yard.build(yard.source({"package.json": "shared\n"}), plan)
    inside = [target for _, target in yard.builder.images.open(outcome.image.digest).ro]
    assert inside == ["/app", "/deps", "/app/node_modules"]


async def test_build_variables_are_seen_by_the_build_alone_and_shown_to_no_one(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVGEM_SECRET_OF_THE_HOST", "x")
    plan = replace(SHELL, build=(shell("echo token=$TOKEN; env"),), start=("env",), run_env={"MODE": "production"})
    outcome = await yard.build(yard.source({}), plan, TOKEN="s3cret-t0ken")
    assert "token=[secret]" in outcome.text and "s3cret-t0ken" not in outcome.text
    assert "DEVGEM_SECRET_OF_THE_HOST" not in outcome.text
    running = (await yard.run(outcome.image)).out
    assert "MODE=production" in running and "TOKEN" not in running


async def test_a_build_that_is_done_gives_its_image_at_once(yard: Yard) -> None:
    source = yard.source({})
    order = yard.order(source, replace(SHELL, build=(shell("echo ran"),)))
    first, second = await yard.make(order), await yard.make(order)
    assert first.commands and second.lines == () and second.image == first.image


async def test_a_failed_build_can_be_tried_again_under_the_same_name(yard: Yard) -> None:
    source = yard.source({"package.json": "x"})
    order = yard.order(source, replace(MODULES, install=(shell("test -e fixed && mkdir node_modules"),)))
    assert (await yard.make(order)).failure.code == "command_failed"
    assert yard.layers() == []
    again = replace(order, plan=MODULES)
    assert (await yard.make(again)).commands == [MODULES.install[0][2]]


async def test_a_package_that_does_not_exist_is_named(yard: Yard) -> None:
    source = yard.source({"requirements.txt": "flask-of-the-devgem-tests-nope\n", "app.py": ""})
    failure = (await yard.build(source, FLASK)).failure
    assert failure.code == "package_not_found" and "flask-of-the-devgem-tests-nope" in failure.cause
    assert "flask-of-the-devgem-tests-nope was not found" in failure.evidence


async def test_a_lock_that_does_not_fit_is_named(yard: Yard) -> None:
    lock = (Path(__file__).with_name("sources") / "express" / "package-lock.json").read_text()
    manifest = '{"name": "x", "version": "1.0.0", "dependencies": {"express": "^4.0.0", "left-pad": "1.3.0"}}'
    failure = (await yard.build(yard.source({"package.json": manifest, "package-lock.json": lock}), NODE)).failure
    assert failure.code == "lock_mismatch" and "npm install" in failure.fix


async def test_a_missing_tool_is_said_before_anything_is_fetched(yard: Yard) -> None:
    plan = BuildPlan(Stack("docker"), dockerfile="Dockerfile")
    outcome = await yard.build(yard.root / "never-fetched", plan)
    assert outcome.failure.code == "missing_toolchain" and outcome.lines == ()


async def test_trouble_with_the_source_keeps_its_name(tmp_path: Path, real_sandbox: Sandbox) -> None:
    class Broken(Yard):
        async def _checkout(self, repository: Repository, commit: Commit, patch: str) -> Path:
            raise SourceError("the repository is gone", code="not_found_or_private", fix="Check its address.")

    failure = (await Broken(tmp_path, real_sandbox).build(tmp_path, SHELL)).failure
    assert (failure.code, failure.fix) == ("not_found_or_private", "Check its address.")


async def test_what_is_not_needed_is_pruned_and_a_deleted_app_leaves_nothing(yard: Yard) -> None:
    plan = replace(MODULES, install=(*MODULES.install, shell("echo download > /cache/file")))
    kept = (await yard.build(yard.source({"package.json": "1"}), plan)).image
    gone = (await yard.build(yard.source({"package.json": "2"}), plan, app="blog")).image
    for build in (yard.root / "cloud" / "images" / "builds").iterdir():
        os.utime(build, (1000, 1000))
    await yard.builder.prune({kept.digest}, layers_bytes=1, caches_bytes=0)
    assert [path.parent.name for path in yard.layers()] == ["shop"]
    assert (await yard.run(kept)).out == "1"
    assert not (yard.root / "cloud" / "images" / gone.digest.removeprefix("sha256:")).exists()
    assert list((yard.root / "cloud" / "caches").glob("apps/*")) == []
    await yard.builder.prune(set())
    await yard.builder.delete("shop")
    assert yard.layers() == [] and list((yard.root / "cloud" / "images").iterdir()) == [
        yard.root / "cloud" / "images" / "builds"
    ]


async def test_the_same_build_works_without_a_sandbox(tmp_path: Path, bare_sandbox: Sandbox) -> None:
    yard = Yard(tmp_path, bare_sandbox)
    outcome = await yard.build(yard.source(FLASK_APP), FLASK)
    assert (await yard.run(outcome.image)).out == "flask None\n"
    nodes = await yard.build(yard.source({"package.json": "bare\n"}, "other"), MODULES)
    assert (await yard.run(nodes.image)).out == "bare\n"
    await yard.builder.close()
