import os
from pathlib import Path

import pytest

from devgem.domain.errors import NotFound
from devgem.domain.tree import Tree
from devgem.source import FolderTree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "web" / "deep").mkdir(parents=True)
    (root / "b.txt").write_text("0123456789")
    (root / "web" / "index.html").write_text("hi")
    (root / "web" / "deep" / "up").symlink_to("../index.html")
    (root / "A.txt").write_text("")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "root-beside").mkdir()
    (tmp_path / "root-beside" / "x").write_text("secret")
    for name, target in {
        "out": "../secret", "abs": "/etc/passwd", "beside": "../root-beside/x", "loop": "loop", "gone": "nope",
        "folder": "web", "long": "x" * 300, "outfolder": "..",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe")
    (root / "a\nb").write_text("x")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("x")
    return root


async def test_paths_are_the_regular_files_inside(root: Path) -> None:
    tree: Tree = FolderTree(root)
    assert await tree.paths() == ("A.txt", "b.txt", "web/deep/up", "web/index.html")


async def test_a_file_is_read_up_to_a_limit(root: Path) -> None:
    tree = FolderTree(root)
    assert await tree.read("b.txt") == b"0123456789"
    assert await tree.read("b.txt", 4) == b"0123"
    assert await tree.read("web/deep/up") == b"hi"
    assert await tree.read("A.txt") == b""


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "web", "nope", "out", "abs", "beside", "loop", "gone", "long", "pipe", "outfolder/secret",
        "a\nb", "../secret", "web/../../secret", "/etc/passwd", "//etc/passwd", ".git/config", "b.txt/x", "b.txt\0",
        "\0", "x" * 5000, "folder/../../secret", "./b.txt", "web//index.html", "folder/index.html",
    ],
)  # fmt: skip
async def test_nothing_else_is_read(path: str, root: Path) -> None:
    with pytest.raises(NotFound):
        await FolderTree(root).read(path)


async def test_a_file_that_became_a_link_is_not_followed(root: Path) -> None:
    tree = FolderTree(root)
    await tree.paths()
    (root / "b.txt").unlink()
    (root / "b.txt").symlink_to("/etc/passwd")
    with pytest.raises(NotFound):
        await tree.read("b.txt")
