"""Places that a wish may mean, and which of them it does mean."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from devgem.llm.planner.edits.places import Place, replacements
from devgem.llm.planner.edits.wish import Replacement, Unclear
from devgem.llm.planner.words import words

FILE_LIMIT = 200_000
CHOICES_LIMIT = 8
MARKUP = words(
    """.html .htm .xhtml .jinja .jinja2 .j2 .hbs .handlebars .mustache .erb .ejs .njk .liquid .twig .tera .tmpl .gohtml
    .php .jsx .tsx .vue .svelte .astro .heex .eex .leex .cshtml .razor .jsp .mdx .svg"""
)
SCRIPTS = words(""".js .ts .mjs .cjs .py .rb .go .rs .java .kt .ex .exs .cs .md .txt .json .yml .yaml .toml""")
SHEETS = frozenset([".css", ".scss", ".less", ".pcss"])
JSX = frozenset([".jsx", ".tsx", ".js", ".ts"])
_IGNORED_FOLDERS = words(
    """node_modules vendor dist build .next .nuxt .svelte-kit .output .git __pycache__ .venv venv target coverage test
    tests __tests__ spec e2e docs"""
)
_IGNORED_NAMES = ("package-lock.json", "pnpm-lock.yaml", "composer.lock", "README.md", "CHANGELOG.md", "LICENSE")


@dataclass(frozen=True)
class Candidate:
    """The lowest `rank` is likeliest; `what` is the wish that means this candidate alone."""

    rank: tuple[int, int]
    what: str
    places: tuple[Place, ...]


def suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()


def editable(files: Mapping[str, str], path: str | None, endings: Iterable[str]) -> list[tuple[str, str]]:
    """The files that a wish may concern, in the order of their paths; only the one at `path`, where it was said."""
    allowed = frozenset(endings)
    return [
        (name, text)
        for name, text in sorted(files.items())
        if suffix(name) in allowed and len(text) <= FILE_LIMIT and (_is_at(name, path) if path else not _ignored(name))
    ]


def chosen(
    files: Mapping[str, str], candidates: Sequence[Candidate], question: str
) -> list[Replacement] | Unclear | None:
    """The replacements of the likeliest candidate, a question when several are equally likely, None without any."""
    if not candidates:
        return None
    best = min(candidate.rank for candidate in candidates)
    likeliest = [candidate for candidate in candidates if candidate.rank == best]
    if len({candidate.places for candidate in likeliest}) == 1:
        return replacements(files, likeliest[0].places)
    choices = tuple(dict.fromkeys(candidate.what for candidate in likeliest))
    return Unclear(question, choices[:CHOICES_LIMIT])


def _is_at(name: str, path: str) -> bool:
    path = path.removeprefix("./")
    return name == path or name.endswith("/" + path)


def _ignored(name: str) -> bool:
    folders = name.split("/")[:-1]
    base = posixpath.basename(name)
    return bool(_IGNORED_FOLDERS.intersection(folders)) or ".min." in base or base in _IGNORED_NAMES
