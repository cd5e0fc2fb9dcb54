from pathlib import Path

import pytest

from devgem.clouds.local.programs import TOOLS, find, tool


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_what_is_below_usr_needs_no_bind() -> None:
    sh = find("sh")
    assert sh
    found = tool(sh)
    assert found.binds == () and found.path == () and str(sh.resolve()) in found.identity


def test_an_installation_elsewhere_is_bound_whole_at_its_own_path(tmp_path: Path) -> None:
    found = tool(program(tmp_path / "go" / "bin" / "go"))
    assert found.binds == ((tmp_path / "go", str(tmp_path / "go")),) and found.path == (str(tmp_path / "go" / "bin"),)


def test_a_program_in_a_home_is_bound_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in (".local/bin", ".cargo/bin", "bin"):
        found = tool(program(tmp_path / folder / "hugo"))
        assert found.binds == ((tmp_path / folder / "hugo", f"{TOOLS}/bin/hugo"),)
        assert found.path == (f"{TOOLS}/bin",)


def test_the_identity_changes_with_the_program(tmp_path: Path) -> None:
    path = program(tmp_path / "x" / "bin" / "x")
    before = tool(path).identity
    path.write_text("#!/bin/sh\necho 2\n")
    assert tool(path).identity != before


def test_what_chooses_between_versions_is_not_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "shims" / "frobnicate")
    monkeypatch.setenv("PATH", f"{tmp_path}/shims")
    assert find("frobnicate") is None
    program(tmp_path / "bin" / "rustup")
    (tmp_path / "bin" / "cargo").symlink_to("rustup")
    real = program(tmp_path / "rustup" / "toolchains" / "stable" / "bin" / "cargo")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    monkeypatch.setenv("RUSTUP_HOME", str(tmp_path / "rustup"))
    assert find("cargo") == real
