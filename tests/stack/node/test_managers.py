"""The package manager is the one whose lock file is there, in a version that can read it."""

import json
from typing import Any

import pytest

from tests.stack.trees import cited, planned

ALL_SCRIPTS = "--config.dangerouslyAllowAllBuilds=true"


def package(**keys: Any) -> str:
    return json.dumps({"scripts": {"start": "node index.js"}, "dependencies": {"express": "5.1.0"}, **keys}, indent=1)


def tree(lock: str = "", text: str = "express\n", **keys: Any) -> dict[str, str]:
    files = {"package.json": package(**keys), "index.js": "require('express')().listen(process.env.PORT)\n"}
    return {**files, **({lock: text} if lock else {})}


def berry(version: int) -> str:
    return f"# generated\n\n__metadata:\n  version: {version}\n  cacheKey: 10c0\n\nexpress:\n"


@pytest.mark.parametrize(
    ("lock", "text", "command"),
    [
        ("package-lock.json", "{}", "npm ci"),
        ("npm-shrinkwrap.json", "{}", "npm ci"),
        (
            "pnpm-lock.yaml",
            "lockfileVersion: '9.0'\n",
            f"npx --yes pnpm@10.34.8 install --frozen-lockfile {ALL_SCRIPTS}",
        ),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "npx --yes pnpm@8.15.9 install --frozen-lockfile"),
        ("pnpm-lock.yaml", "lockfileVersion: 5.4\n", "npx --yes pnpm@7.33.7 install --frozen-lockfile"),
        ("yarn.lock", "# yarn lockfile v1\n", "npx --yes yarn@1.22.22 install --frozen-lockfile"),
        ("yarn.lock", berry(6), "npx --yes @yarnpkg/cli-dist@3.8.7 install --immutable"),
        ("yarn.lock", berry(8), "npx --yes @yarnpkg/cli-dist@4.12.0 install --immutable"),
        ("yarn.lock", berry(10), "npx --yes @yarnpkg/cli-dist@4.18.1 install --immutable"),
        ("bun.lock", "{}", "npx --yes bun@1.4.5 install --frozen-lockfile"),
        ("bun.lockb", "express", "npx --yes bun@1.4.5 install --frozen-lockfile"),
    ],
)
async def test_a_lock_file_names_its_manager_and_is_kept_to(lock: str, text: str, command: str) -> None:
    plan = await planned(tree(lock, text))
    assert plan.to_json()["install"] == [command]
    assert cited(plan, "package_manager")[1:] == (lock, 1)
    assert lock in plan.install_inputs


async def test_the_version_that_is_stated_goes_before_ours() -> None:
    plan = await planned(tree("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", packageManager="pnpm@9.1.0+sha512.ab12"))
    assert plan.install[0][:3] == ("npx", "--yes", "pnpm@9.1.0")
    assert cited(plan, "package_manager")[1:] == ("package.json", 8)


async def test_engines_choose_among_the_versions_that_read_the_lock_file() -> None:
    plan = await planned(tree("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", engines={"pnpm": "^9.4"}))
    assert plan.install[0][2] == "pnpm@9.15.9"


async def test_npx_looks_elsewhere_where_npm_would_refuse_to_run() -> None:
    stated = {"packageManager": {"name": "pnpm", "version": "10.2.0", "onFail": "error"}}
    plan = await planned(tree("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", devEngines=stated))
    assert plan.install[0][:4] == ("npx", "--yes", "--prefix=/tmp", "pnpm@10.2.0")


async def test_without_a_lock_file_the_install_says_that_versions_may_differ() -> None:
    plan = await planned(tree())
    assert plan.to_json()["install"] == ["npm install"]
    assert any("No lock file" in note for note in plan.notes)


async def test_a_manager_that_is_stated_but_has_no_lock_file_gives_way_to_one_that_has() -> None:
    plan = await planned(tree("yarn.lock", "# yarn lockfile v1\n", packageManager="pnpm@9.0.0"))
    assert plan.stack.package_manager == "yarn"


async def test_of_two_lock_files_the_manager_that_is_stated_decides() -> None:
    files = {**tree("yarn.lock", "# yarn lockfile v1\n", packageManager="npm@11.0.0"), "package-lock.json": "{}"}
    plan = await planned(files)
    assert plan.to_json()["install"] == ["npm ci"]
    assert any("Remove yarn.lock" in note for note in plan.notes)


async def test_of_two_lock_files_one_that_lacks_a_dependency_is_not_used() -> None:
    files = {**tree("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"), "yarn.lock": "# yarn lockfile v1\nexpress@5:\n"}
    assert (await planned(files)).stack.package_manager == "yarn"


async def test_a_yarn_that_the_repository_carries_is_run_as_it_is() -> None:
    files = tree("yarn.lock", berry(8))
    files |= {".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.1.0.cjs\n", ".yarn/releases/yarn-4.1.0.cjs": ""}
    plan = await planned(files)
    assert plan.install[0] == ("node", ".yarn/releases/yarn-4.1.0.cjs", "install", "--immutable")
    assert ".yarn/releases/yarn-4.1.0.cjs" in plan.install_inputs
    assert plan.build_env["YARN_NODE_LINKER"] == "node-modules"


@pytest.mark.parametrize(
    ("files", "version", "file"),
    [
        ({".nvmrc": "v20.11.1\n"}, "20.11.1", ".nvmrc"),
        ({".node-version": "24\n"}, "24", ".node-version"),
        ({".tool-versions": "ruby 3.3.0\nnodejs 18.20.4\n"}, "18.20.4", ".tool-versions"),
        ({".nvmrc": "lts/iron"}, "20", ".nvmrc"),
        ({}, "22", None),
    ],
)
async def test_the_version_of_node_comes_from_the_file_that_states_it(
    files: dict[str, str], version: str, file: str | None
) -> None:
    plan = await planned({**tree("package-lock.json", "{}"), **files})
    assert plan.stack.version == version
    assert file is None or cited(plan, "version")[1] == file


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        (">=18", "22"),
        ("^18.0.0 || ^20.0.0", "20"),
        (">=16 <19", "18"),
        ("20.x", "20"),
        ("24.1.0", "24.1.0"),
        ("*", "22"),
    ],
)
async def test_of_a_range_the_preferred_version_is_taken(spec: str, version: str) -> None:
    plan = await planned(tree("package-lock.json", "{}", engines={"node": spec}))
    assert plan.stack.version == version
    assert cited(plan, "version")[1] == "package.json"


@pytest.mark.parametrize(
    ("keys", "settings"),
    [
        ({"pnpm": {"onlyBuiltDependencies": ["esbuild"]}}, ""),
        ({"packageManager": "pnpm@10.2.0"}, ""),
        ({}, "allowBuilds:\n  esbuild: true\n"),
    ],
)
async def test_pnpm_runs_all_install_scripts_only_where_the_project_does_not_say_whose(
    keys: dict[str, Any], settings: str
) -> None:
    files = {**tree("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", **keys), "pnpm-workspace.yaml": settings}
    assert (await planned(files)).install[0][-1] == "--frozen-lockfile"
