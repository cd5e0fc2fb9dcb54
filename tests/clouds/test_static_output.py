from pathlib import Path

import pytest

from devgem.clouds.local.static_output import Output, find_output, publish
from devgem.domain.failure import Failure
from devgem.domain.plan import StaticSite


def written(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


@pytest.mark.parametrize(
    ("site", "paths", "root"),
    [
        (StaticSite("dist"), ["dist/index.html"], "dist"),
        (StaticSite("."), ["index.html"], "."),
        (StaticSite("./dist/"), ["dist/index.html"], "dist"),
        (StaticSite(None, ("dist", "build")), ["build/index.html", "public/index.html"], "build"),
        (StaticSite(None, ("dist",)), ["dist/shop/browser/index.html", "dist/shop/server/x.mjs"], "dist/shop/browser"),
        (StaticSite(None, ("dist",)), ["dist/shop/index.html"], "dist/shop"),
        (StaticSite("dist", fallback="200.html"), ["dist/200.html"], "dist"),
    ],
)
def test_the_folder_to_serve_is_found(tmp_path: Path, site: StaticSite, paths: list[str], root: str) -> None:
    found = find_output(written(tmp_path, *paths), site)
    assert isinstance(found, Output) and found.root == root


def test_pages_that_are_not_there_are_not_promised(tmp_path: Path) -> None:
    app = written(tmp_path, "dist/index.html", "dist/404.html")
    found = find_output(app, StaticSite("dist", fallback="200.html", not_found="404.html"))
    assert found == Output("dist", None, "404.html")


def test_a_missing_index_says_what_is_there_instead(tmp_path: Path) -> None:
    app = written(tmp_path, "build/index.html", "build/a.js", "other/x", "node_modules/a/index.html", "dist/app.js")
    failure = find_output(app, StaticSite("dist"))
    assert isinstance(failure, Failure) and failure.code == "no_output"
    assert "dist/index.html" in failure.cause and "devgem.toml" in failure.fix
    assert failure.evidence.startswith("there is: build/ (2 entries with index.html)")
    assert "node_modules" not in failure.evidence


@pytest.mark.parametrize("root", ["out", "../outside", "/etc"])
def test_a_folder_outside_is_not_served(tmp_path: Path, root: str) -> None:
    written(tmp_path / "outside", "index.html")
    app = written(tmp_path / "app", "index.html")
    (app / "out").symlink_to(tmp_path / "outside")
    assert isinstance(find_output(app, StaticSite(root)), Failure)


def test_what_is_published_are_plain_files_without_secrets(tmp_path: Path) -> None:
    source = written(
        tmp_path / "site", "index.html", "a/b.css", ".env", ".git/config", ".well-known/x", "node_modules/m"
    )
    (source / "inner.css").symlink_to("a/b.css")
    (source / "outer").symlink_to("/etc/passwd")
    (source / "folder").symlink_to("/etc")
    (source / "a" / "up.html").symlink_to("../index.html")
    publish(source, tmp_path / "out")
    files = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if not p.is_dir()}
    assert files == {"index.html", "a/b.css", "a/up.html", ".well-known/x", "inner.css"}
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))
    assert (tmp_path / "out" / "inner.css").read_text() == "a/b.css"
