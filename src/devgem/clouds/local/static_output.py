"""The files of a static site: found among what a build wrote, and copied out for the edge to serve."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devgem.clouds.local import trees
from devgem.domain.failure import Failure
from devgem.domain.plan import StaticSite

INDEX = "index.html"
_WELL_KNOWN = ".well-known"
_NO_OUTPUT = frozenset({"node_modules", "src", "test", "tests", "docs", "vendor"})
_SHOWN = 8


@dataclass(frozen=True)
class Output:
    """`root` is relative to the app's folder; the two pages are those of the plan that are really there."""

    root: str
    fallback: str | None
    not_found: str | None


def find_output(app: Path, site: StaticSite) -> Output | Failure:
    """The folder to serve. `app` is the app's folder after its build; links are not followed."""
    named = [site.root] if site.root is not None else list(site.candidates)
    for root in named:
        for folder in _spellings(app, root, deeper=site.root is None):
            if _can_serve(app / folder, site):
                return Output(folder, _page(app / folder, site.fallback), _page(app / folder, site.not_found))
    return _nothing(app, named)


def _spellings(app: Path, root: str, *, deeper: bool) -> Iterator[str]:
    """The folder itself; and, where only the build can tell (dist/<project>/browser), those just below it."""
    folder = os.path.normpath(root)
    if not trees.is_plain_folder(app, folder):
        return
    yield folder
    for _ in range(2 if deeper else 0):
        below = [item.name for item in os.scandir(app / folder) if item.is_dir(follow_symlinks=False)]
        if "browser" in below:
            below = ["browser"]
        if len(below) != 1:
            return
        folder = os.path.join(folder, below[0])  # noqa: PTH118  # stays relative
        yield folder


def _can_serve(folder: Path, site: StaticSite) -> bool:
    return any(_page(folder, page) for page in (INDEX, site.fallback))


def _page(folder: Path, page: str | None) -> str | None:
    return page if page and trees.inside(folder, page) else None


def _nothing(app: Path, named: Sequence[str]) -> Failure:
    wanted = " or ".join(os.path.join(root, INDEX) for root in named) or INDEX  # noqa: PTH118
    found = sorted(_written(app), key=lambda text: (INDEX not in text, text))[:_SHOWN]
    return Failure(
        "no_output",
        f"the build succeeded, but there is no {wanted}",
        'Say which folder it writes: add `[static]` with `root = "<folder>"` to devgem.toml.',
        evidence="there is: " + (", ".join(found) or "nothing"),
    )


def _written(app: Path) -> Iterator[str]:
    """The app's folders in a few words each."""
    for item in os.scandir(app):
        if not item.is_dir(follow_symlinks=False) or item.name.startswith(".") or item.name in _NO_OUTPUT:
            continue
        names = [path.name for path in Path(item.path).iterdir()]
        mark = f" with {INDEX}" if INDEX in names else ""
        yield f"{item.name}/ ({len(names)} entries{mark})"


def publish(source: Path, target: Path) -> None:
    """Copies what is to be served: files, and links that stay inside as the files that they lead to. Left out: other
    links, devices, and names with a leading dot but .well-known (.git and .env are no part of a site)."""
    trees.make_folder(target)
    for entry in trees.walk(source, _is_private):
        new = target / entry.path
        if entry.is_folder:
            new.mkdir()
        elif entry.is_file:
            trees.copy_file(Path(entry.full), new, 0o644)
        elif entry.is_link and (real := trees.inside(source, entry.path)):
            trees.copy_file(real, new, 0o644)


def _is_private(path: str) -> bool:
    name = os.path.basename(path)  # noqa: PTH119
    return (name.startswith(".") and name != _WELL_KNOWN) or name == "node_modules"
