import pytest

from devgem.domain.errors import InvalidInput
from devgem.stack.files import BrokenManifest, Files
from tests.stack.trees import MemoryTree, open_files


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.json", '{\n  "x": 1,\n  oops\n}\n', 3),
        ("a.toml", "x = 1\ny = = 2\n", 2),
        ("b.toml", "x = [\n", 1),
        ("a.yaml", "a: 1\nb: [\n", 3),
    ],
)
async def test_a_broken_manifest_names_its_file_and_line(path: str, text: str, line: int) -> None:
    files = await open_files({f"web/{path}": text}, "web")
    read = {"json": files.json, "toml": files.toml, "yaml": files.yaml}[path.rpartition(".")[2]]
    with pytest.raises(BrokenManifest, match=rf"^web/{path}:{line}: "):
        await read(path)


async def test_json_may_have_comments_and_trailing_commas() -> None:
    files = await open_files({"tsconfig.json": '{\n  // why\n  "a": "http://x", /* b */\n  "c": [1, 2,],\n}\n'})
    assert await files.json("tsconfig.json") == {"a": "http://x", "c": [1, 2]}


async def test_a_view_of_a_folder_names_paths_from_the_root_in_evidence() -> None:
    files = await open_files({"apps/api/main.py": "x\n", "apps/api/lib/a.py": "", "uv.lock": ""}, "apps/api")
    assert files.paths == ("lib/a.py", "main.py")
    assert files.repo_path("main.py") == "apps/api/main.py"
    assert "uv.lock" in files.root and "uv.lock" not in files
    assert files.below("lib").paths == ("a.py",)
    assert files.has_dir("lib") and not files.has_dir("main.py")
    assert await files.line_of("main.py", "X") == 1


@pytest.mark.parametrize("dir", ["..", "../x", "/etc", "a/../../b"])
async def test_a_folder_outside_of_the_repository_is_refused(dir: str) -> None:
    with pytest.raises(InvalidInput):
        await Files.open(MemoryTree({"a": ""}), dir)


async def test_binary_garbage_is_text_with_replacement_characters() -> None:
    files = await open_files({"a.txt": b"\xff\xfe\x00ok"})
    assert "ok" in await files.text("a.txt")
    assert await files.text("missing") == ""
