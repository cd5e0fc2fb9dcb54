import os
import stat
from pathlib import Path

import pytest

from devgem.clouds.local import trees
from devgem.clouds.local.trees import Unusable


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with everything in it that a program may leave behind."""
    root = tmp_path / "hostile"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "file").write_text("one")
    (root / "run").write_text("#!/bin/sh")
    (root / "run").chmod(0o4777)
    (root / "sub" / "secret").write_text("two")
    (root / "sub" / "secret").chmod(0o600)
    (root / "out").symlink_to("/etc")
    (root / "inner").symlink_to("sub/secret")
    (root / "-rf").write_text("a dash")
    (root / "line\nbreak").write_text("a newline")
    os.mkfifo(root / "sub" / "pipe")
    return root


def everything(root: Path) -> dict[str, str]:
    found = {}
    for entry in trees.walk(root):
        kind = "folder" if entry.is_folder else "link" if entry.is_link else "file" if entry.is_file else "other"
        found[entry.path] = kind
    return found


def test_a_walk_follows_no_link(hostile: Path) -> None:
    found = everything(hostile)
    assert (
        found["out"] == "link" and found["sub/pipe"] == "other" and not any(path.startswith("out/") for path in found)
    )


def test_a_copy_has_files_folders_and_links_and_nothing_else(hostile: Path, tmp_path: Path) -> None:
    trees.copy(hostile, tmp_path / "copy", skip=lambda path: path == "file")
    found, wanted = everything(tmp_path / "copy"), everything(hostile)
    del wanted["file"], wanted["sub/pipe"]
    assert found == wanted
    assert (tmp_path / "copy" / "out").readlink() == Path("/etc")
    assert stat.S_IMODE((tmp_path / "copy" / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "copy" / "sub" / "secret").stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_copy_belongs_to_its_owner_and_a_link_copy_shares_the_files_of_others(hostile: Path, tmp_path: Path) -> None:
    trees.copy(hostile, tmp_path / "copy", owner=12345)
    assert {entry.status.st_uid for entry in trees.walk(tmp_path / "copy")} == {12345}
    trees.link_copy(tmp_path / "copy", tmp_path / "theirs", owner=54321)
    trees.link_copy(tmp_path / "copy", tmp_path / "mine", owner=12345)
    assert (tmp_path / "theirs" / "file").samefile(tmp_path / "copy" / "file")
    assert (tmp_path / "theirs" / "sub").stat().st_uid == 54321
    assert not (tmp_path / "mine" / "file").samefile(tmp_path / "copy" / "file")
    assert trees.same(tmp_path / "copy", tmp_path / "mine", ())


def test_folders_are_compared_by_what_is_in_them(hostile: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    trees.link_copy(hostile, other, owner=None)
    assert trees.same(hostile, other, {"pipe"})
    (other / "sub" / ".cache").mkdir()
    (other / "sub" / ".cache" / "x").write_text("x")
    assert trees.same(hostile, other, {"pipe", ".cache"}) and not trees.same(hostile, other, {"pipe"})
    assert not trees.same(other, hostile, {"pipe"})
    (other / "file").write_text("changed")
    assert not trees.same(hostile, other, {"pipe", ".cache"})


def test_a_seal_evens_out_modes_and_removes_what_is_no_file(hostile: Path) -> None:
    trees.seal(hostile)
    modes = {entry.path: stat.S_IMODE(entry.status.st_mode) for entry in trees.walk(hostile) if not entry.is_link}
    assert modes["run"] == 0o755 and modes["sub/secret"] == 0o644 and "sub/pipe" not in modes


def test_a_seal_depends_on_names_modes_contents_and_links(hostile: Path, tmp_path: Path) -> None:
    first = trees.seal(hostile)
    assert trees.seal(hostile) == first and first.size_bytes == len("one#!/bin/shtwoa dasha newline")
    seen = {first.digest}
    (hostile / "file").write_text("two")
    seen.add(trees.seal(hostile).digest)
    (hostile / "file").chmod(0o755)
    seen.add(trees.seal(hostile).digest)
    (hostile / "file").rename(hostile / "renamed")
    seen.add(trees.seal(hostile).digest)
    (hostile / "out").unlink()
    (hostile / "out").symlink_to("/usr")
    seen.add(trees.seal(hostile).digest)
    assert len(seen) == 5


def test_a_folder_is_not_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "app" / "web").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "app" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "app" / "file").write_text("")
    trees.make_inside(tmp_path / "app", "web/node_modules")
    assert (tmp_path / "app" / "web" / "node_modules").is_dir()
    for path in ("link/node_modules", "file/node_modules"):
        with pytest.raises(Unusable):
            trees.make_inside(tmp_path / "app", path)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert trees.is_plain_folder(tmp_path / "app", "web") and trees.is_plain_folder(tmp_path / "app", ".")
    assert not any(trees.is_plain_folder(tmp_path / "app", path) for path in ("link", "file", "..", "none"))


def test_a_link_is_followed_only_to_files_inside(hostile: Path) -> None:
    assert trees.inside(hostile, "inner") == hostile / "sub" / "secret"
    assert trees.inside(hostile, "out/passwd") is None and trees.inside(hostile, "../x") is None
    assert trees.inside(hostile, "sub") is None and trees.inside(hostile, "none") is None


async def test_anything_can_be_removed(hostile: Path) -> None:
    deep = os.open(hostile, os.O_RDONLY)
    for _ in range(1500):  # deeper than a path may be long, and than Python may recurse
        os.mkdir("abcdef", dir_fd=deep)
        below = os.open("abcdef", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    (hostile / "sub").chmod(0)
    await trees.remove(hostile)
    assert not hostile.exists() and Path("/etc/passwd").exists()
    await trees.remove(hostile)
