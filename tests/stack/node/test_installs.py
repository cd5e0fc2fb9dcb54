"""The dependency step names everything that it reads, and runs apart from the build where it can."""

import json
from typing import Any

import pytest

from tests.stack.trees import planned


def tree(extra: dict[str, str] | None = None, lock: str = "package-lock.json", **keys: Any) -> dict[str, str]:
    base = {"scripts": {"start": "node index.js"}, "dependencies": {"express": "5.1.0"}}
    for key, value in keys.items():
        base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
    files = {"package.json": json.dumps(base), "index.js": "require('express')().listen(process.env.PORT)\n"}
    return {**files, lock: "{}", **(extra or {})}


async def test_settings_patches_and_local_packages_are_inputs() -> None:
    extra = {
        ".npmrc": "legacy-peer-deps=true\n",
        "patches/express+5.1.0.patch": "",
        "vendor/one/package.json": "{}",
        "vendor/one/index.js": "",
        "vendor/two.tgz": "",
        "src/unrelated.js": "",
    }
    dependencies = {"one": "file:./vendor/one", "two": "file:vendor/two.tgz"}
    plan = await planned(tree(extra, dependencies=dependencies, scripts={"postinstall": "patch-package"}))
    assert plan.install_inputs == (
        ".npmrc",
        "package-lock.json",
        "package.json",
        "patches/express+5.1.0.patch",
        "vendor/one/index.js",
        "vendor/one/package.json",
        "vendor/two.tgz",
    )


async def test_every_member_of_a_workspace_is_an_input_and_may_have_dependencies_of_its_own() -> None:
    extra = {
        "apps/web/package.json": json.dumps({"name": "web", "scripts": {"start": "node s.js"}}),
        "apps/web/s.js": "require('http').createServer(f).listen(process.env.PORT)\n",
        "packages/tool/package.json": json.dumps({"name": "tool", "bin": {"tool": "bin/tool.js"}}),
        "packages/tool/bin/tool.js": "",
        "elsewhere/package.json": "{}",
    }
    plan = await planned(tree(extra, workspaces=["apps/*", "packages/*"]), "apps/web")
    assert plan.to_json()["install"] == ["npm ci --prefix=../.."]
    assert plan.deps == ("node_modules", "apps/web/node_modules", "packages/tool/node_modules")
    assert {"apps/web/package.json", "packages/tool/package.json", "packages/tool/bin/tool.js"} <= {
        *plan.install_inputs
    }
    assert "elsewhere/package.json" not in plan.install_inputs


@pytest.mark.parametrize(
    "script",
    ["husky", "husky install || true", "patch-package", "svelte-kit sync || echo ''", "is-ci || lefthook install"],
)
async def test_scripts_on_install_that_read_nothing_else_are_part_of_it(script: str) -> None:
    plan = await planned(tree(scripts={"prepare": script}))
    assert plan.to_json()["install"] == ["npm ci"]
    assert plan.build == ()


async def test_a_script_of_the_projects_own_is_left_for_the_build() -> None:
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"hasInstallScript": True},
            "node_modules/esbuild": {"hasInstallScript": True},
            "node_modules/express": {},
            "node_modules/a/node_modules/@s/native": {"hasInstallScript": True},
        },
    }
    files = tree(scripts={"postinstall": "node setup.js", "prepare": "husky"})
    plan = await planned({**files, "package-lock.json": json.dumps(lock, indent=2)})
    assert plan.to_json()["install"] == ["npm ci --ignore-scripts", "npm rebuild @s/native esbuild"]
    assert plan.to_json()["build"] == ["npm run postinstall", "npm run prepare"]
    assert plan.deps == ("node_modules",)


async def test_where_that_cannot_be_told_apart_the_whole_install_moves_into_the_build() -> None:
    plan = await planned(tree({"pnpm-lock.yaml": "express"}, lock="x", scripts={"postinstall": "node setup.js"}))
    assert (plan.install, plan.install_inputs, plan.deps) == ((), (), ())
    assert plan.build[0][3:5] == ("install", "--frozen-lockfile")
    assert any("installed anew in every build" in note for note in plan.notes)


async def test_npm_runs_the_scripts_of_dependencies_unless_the_project_lists_whose() -> None:
    assert (await planned(tree())).build_env["npm_config_dangerously_allow_all_scripts"] == "true"
    listed = await planned(tree(allowScripts={"esbuild": True}))
    assert "npm_config_dangerously_allow_all_scripts" not in listed.build_env


async def test_dependencies_from_git_need_git() -> None:
    plan = await planned(tree(dependencies={"theirs": "github:someone/theirs#v1"}))
    assert plan.requires_build == ("git", "ca-certificates")
    assert plan.build_env["npm_config_allow_git"] == "all"


async def test_nothing_is_installed_where_there_are_no_dependencies() -> None:
    files = {"package.json": '{"scripts": {"start": "node a.js"}}', "a.js": "http.createServer(f).listen(80)\n"}
    plan = await planned(files)
    assert plan.install == () and plan.notes == ("a.js:1 listens on 80, whatever PORT says.",)


async def test_a_prisma_client_among_the_sources_is_made_in_the_build() -> None:
    schema = 'generator client {\n  provider = "prisma-client"\n  output   = "../src/generated"\n}\n'
    plan = await planned(tree({"prisma/schema.prisma": schema}, devDependencies={"prisma": "7.0.0"}))
    assert plan.to_json()["build"] == ["npx prisma generate"]
    assert "prisma/schema.prisma" in plan.install_inputs


@pytest.mark.parametrize(
    ("path", "version", "scripts", "build"),
    [
        ("prisma/schema.prisma", "6.6.0", {}, []),
        ("prisma/schema.prisma", "7.1.0", {}, ["npx prisma generate"]),
        ("src/db/schema.prisma", "5.0.0", {}, ["npx prisma generate --schema=src/db/schema.prisma"]),
        ("src/db/schema.prisma", "5.0.0", {"build": "prisma generate && tsc"}, ["npm run build"]),
    ],
)
async def test_a_prisma_client_is_made_where_nothing_else_makes_it(
    path: str, version: str, scripts: dict[str, str], build: list[str]
) -> None:
    schema = {path: 'generator client {\n  provider = "prisma-client-js"\n}\n'}
    plan = await planned(tree(schema, devDependencies={"prisma": version}, scripts=scripts))
    assert plan.to_json()["build"] == build
