"""Which tests, linters and parsers are found, and whether they find what is wrong, in the real sandbox."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devgem.domain.app import App, Build, Repository
from devgem.domain.plan import BuildPlan, Stack
from devgem.domain.trial import Finding
from devgem.pipeline.checks import NO_PLAN, check_edits
from devgem.pipeline.trials import trials_of
from tests.pipeline.local_house import LocalHouse, open_local_house

PACKAGE = '{"scripts": {"lint": "eslint .", "test": "vitest run", "typecheck": "tsc", "dev": "vite"}}'


async def names(
    language: str,
    files: Mapping[str, str],
    edited: tuple[str, ...] = (),
    *,
    dir: str = ".",
    manager: str | None = None,
) -> list[str]:
    async def read(path: str) -> str:
        return files.get(path, "")

    plan = BuildPlan(Stack(language, package_manager=manager), dir)
    return [trial.name for trial in await trials_of(plan, list(files), edited, read)]


@pytest.mark.parametrize(
    ("language", "files", "expected"),
    [
        ("node", {"package.json": PACKAGE}, ["npm run lint", "npm run typecheck", "npm run test"]),
        ("node", {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}, []),
        ("node", {"package.json": '{"scripts": {"test": "jest --watch", "lint": "x"}}'}, ["npm run lint"]),
        ("node", {"package.json": '{"scripts": {"test": "jest --watchAll=false"}}'}, ["npm run test"]),
        ("node", {"package.json": '{"scripts": ["x"]}'}, []),
        ("node", {"package.json": "not json"}, []),
        ("python", {"app.py": "", "tests/test_app.py": ""}, ["pytest"]),
        ("python", {"app.py": "", "pyproject.toml": ""}, ["ruff check"]),
        ("python", {"app.py": "", "latest.py": ""}, []),
        ("go", {"main.go": ""}, ["go vet"]),
        ("go", {"main.go": "", "main_test.go": ""}, ["go vet", "go test"]),
        ("ruby", {"app.rb": "", "spec/app_spec.rb": ""}, ["rspec"]),
        ("ruby", {"Rakefile": "", "test/app_test.rb": ""}, ["rake test"]),
        ("php", {"index.php": "", "phpunit.xml.dist": ""}, ["phpunit"]),
        ("rust", {"src/main.rs": "", "tests/it.rs": ""}, ["cargo test"]),
        ("static", {"index.html": "", "package.json": PACKAGE}, []),
    ],
)
async def test_what_an_app_has_is_found(language: str, files: Mapping[str, str], expected: list[str]) -> None:
    assert await names(language, files) == expected


async def test_edited_files_are_parsed_where_they_still_are() -> None:
    files = {"a.php": "", "web/b.js": "", "c.jsx": "", "package.json": "{}"}
    assert await names("php", files, ("a.php", "gone.php", "web/b.js")) == ["a.php parses"]
    assert await names("node", files, ("web/b.js", "c.jsx", "a.php")) == ["JavaScript parses"]


async def test_only_the_folder_of_the_app_counts() -> None:
    files = {"apps/web/package.json": PACKAGE, "package.json": '{"scripts": {"test": "x"}}', "main.js": ""}
    assert await names("node", files, ("main.js",), dir="apps/web", manager="pnpm") == [
        "pnpm run lint",
        "pnpm run typecheck",
        "pnpm run test",
    ]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[LocalHouse]:
    async with open_local_house(tmp_path) as opened:
        yield opened


async def check(house: LocalHouse, name: str, files: Mapping[str, str], edited: str) -> dict[str, Finding]:
    repository = house.repository(name, files)
    parts = house.pipeline.parts
    commit, _ = await parts.sources.fetch(repository)
    async with house.store.write() as transaction:
        await transaction.apps.add(App(name, repository, "local", datetime.now(UTC)))
    order = Build(f"try_{name}", name, Repository(repository.location), commit, NO_PLAN)
    return {finding.name: finding for finding in await check_edits(parts, order, [edited], own=True)}


async def test_languages_are_tried_with_their_own_tools(house: LocalHouse) -> None:
    php = {"index.php": "<?php echo 'hi'", "composer.json": "{}"}
    found = await check(house, "php", {**php, "index.php": "<?php echo 'hi' echo"}, "index.php")
    assert found["index.php parses"].passed is False, found
    assert "index.php" in found["index.php parses"].detail

    ruby = {"config.ru": "run ->(_) { [200, {}, ['hi'] }\n", "Gemfile": "source 'https://rubygems.org'\n"}
    found = await check(house, "ruby", ruby, "config.ru")
    assert found["config.ru parses"].passed is False, found

    go = {"go.mod": "module shop\n\ngo 1.19\n", "main.go": 'package main\n\nfunc main() { println("hi" }\n'}
    found = await check(house, "go", go, "main.go")
    assert found["go vet"].passed is False, found
    assert "main.go:3" in found["go vet"].detail
