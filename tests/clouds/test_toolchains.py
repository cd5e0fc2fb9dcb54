from pathlib import Path

import pytest
import uv

from devgem.clouds.local.programs import find
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.toolchains import Missing, Toolchains, programs_of
from devgem.domain.plan import Argv, BuildPlan, Evidence, Kind, Stack


def plan(runtime: str, *build: Argv, version: str = "", stated: str | None = None, language: str = "") -> BuildPlan:
    evidence = (Evidence("version", version, stated),) if stated else ()
    stack = Stack(language or runtime, kind=Kind.SERVER, runtime=runtime, version=version, evidence=evidence)
    return BuildPlan(stack, build=build)


@pytest.fixture
def toolchains(bare_sandbox: Sandbox, tmp_path: Path) -> Toolchains:
    return Toolchains(tmp_path, bare_sandbox, Path(uv.find_uv_bin()))


@pytest.mark.parametrize(
    ("given", "programs"),
    [
        (plan("go", ("go", "build", ".")), {"go"}),
        (plan("node", ("npx", "vite", "build")), {"node", "npx"}),
        (plan("ruby", ("sh", "-c", "bundle exec rake && npm run build")), {"ruby", "bundle", "npm"}),
        (plan("php"), set()),
        (plan("", ("hugo", "--minify"), language="static"), {"hugo"}),
        (plan("java", ("./mvnw", "package")), {"java"}),
    ],
)
def test_the_programs_that_a_plan_begins_with_are_known(given: BuildPlan, programs: set[str]) -> None:
    assert programs_of(given) == programs


async def test_a_missing_tool_is_named_with_its_remedy(toolchains: Toolchains) -> None:
    if find("mix"):
        pytest.skip("Elixir is installed here")
    given = plan("elixir", ("mix", "deps.get"))
    (check,) = await toolchains.checks(given)
    assert not check.ok and "Elixir is not installed" in check.detail and "apt-get install elixir" in check.fix
    with pytest.raises(Missing) as missing:
        await toolchains.resolve(given)
    assert missing.value.failure.code == "missing_toolchain" and missing.value.failure.fix == check.fix


async def test_a_dockerfile_alone_cannot_be_built_here(toolchains: Toolchains) -> None:
    given = BuildPlan(Stack("docker", kind=Kind.SERVER), dockerfile="docker/Dockerfile")
    (check,) = await toolchains.checks(given)
    assert not check.ok and "docker/Dockerfile" in check.detail and "without Docker" in check.detail


async def test_a_dockerfile_beside_a_language_is_no_obstacle(toolchains: Toolchains) -> None:
    stack = Stack("static", kind=Kind.STATIC)
    assert await toolchains.checks(BuildPlan(stack, dockerfile="Dockerfile")) == []


async def test_a_python_that_cannot_be_had_is_said_before_the_build(toolchains: Toolchains) -> None:
    given = plan("python", version="3.3", stated=".python-version")
    with pytest.raises(Missing) as missing:
        await toolchains.resolve(given)
    failure = missing.value.failure
    assert failure.code == "missing_python" and ".python-version asks for Python 3.3" in failure.cause
    assert "uv python install 3.3" in failure.fix and failure.evidence


async def test_without_a_wish_the_python_that_is_here_will_do(toolchains: Toolchains) -> None:
    found = await toolchains.resolve(plan("python", version="3.12"))
    assert Path(found.env["UV_PYTHON"]).exists() and found.notes == () and found.identity
    uv_tool, _ = found.tools
    assert not uv_tool.at_run


@pytest.mark.parametrize(("have", "enough"), [("go1.19.8", False), ("go1.21.0", True), ("go1.23.4", True)])
async def test_a_go_that_cannot_fetch_a_newer_one_is_said(
    toolchains: Toolchains, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, have: str, enough: bool
) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(f"#!/bin/sh\necho {have}\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    checks = await toolchains.checks(plan("go", ("go", "build"), version="1.22", stated="go.mod"))
    refused = [check for check in checks if not check.ok]
    assert (refused == []) is enough
    assert enough or ("asks for Go 1.22" in refused[0].detail and "https://go.dev/dl" in refused[0].fix)
