"""Finds the config vars that source code reads, and which of them it cannot live without.

Each dialect is a list of patterns in which group 1 is the name: what reads a variable, and what shows that the code
stops without it. Python is not here: it is read as a syntax tree (python/env_reads.py).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from devgem.stack.files import Files
from devgem.stack.words import words

FILE_LIMIT = 300
"""Source files looked at per app, nearest to its root first."""


_GIVEN: frozenset[str] = words("""
PORT HOST HOSTNAME PATH HOME PWD USER SHELL LANG LC_ALL TZ TERM TMPDIR TMP TEMP CI NODE_ENV NODE_OPTIONS PYTHONPATH
VIRTUAL_ENV RAILS_ENV RACK_ENV BUNDLE_GEMFILE MIX_ENV RELEASE_NAME APP_PORT NO_COLOR FORCE_COLOR npm_package_version
npm_package_name npm_config_user_agent npm_lifecycle_event NEXT_RUNTIME NEXT_PHASE MODE DEV PROD SSR BASE_URL
DJANGO_SETTINGS_MODULE FLASK_APP FLASK_ENV FLASK_DEBUG VERCEL VERCEL_URL VERCEL_ENV ASPNETCORE_ENVIRONMENT
ASPNETCORE_URLS DOTNET_ENVIRONMENT GITHUB_ACTIONS DYNO JAVA_HOME GOPATH GOFLAGS
""")
"""Set by the platform, the toolchain or the framework, so never asked of a user."""

_NOT_THE_APP = re.compile(
    r"(^|/)(tests?|__tests__|specs?|__mocks__|fixtures|examples?|samples?|demos?|docs?(_src)?|e2e|cypress|scripts|benchmarks?|node_modules|"
    r"vendor|dist|build|target|coverage|\.[^/]+|venv|site-packages|stories|storybook)/"
    r"|(^|/)(test_|conftest)|[._-](test|spec|stories)\.[a-z]+$|\.d\.ts$|\.min\.js$|_test\.(go|exs|py|rb)$",
    re.IGNORECASE,
)

_NAME = r"([A-Za-z_][A-Za-z0-9_]*)"
_QUOTED = rf"""['"`]{_NAME}['"`]"""
_JS_ENV = rf"(?:process\.env|Bun\.env)(?:\??\.{_NAME}|\[\s*{_QUOTED}\s*\])"


@dataclass(frozen=True)
class EnvRead:
    """A config var that a file reads; `required` when the code visibly stops without it. Paths as in `Files`."""

    name: str
    path: str
    line: int
    required: bool = False


@dataclass(frozen=True)
class Dialect:
    """How one language reads its environment."""

    suffixes: tuple[str, ...]
    reads: tuple[str, ...]
    requires: tuple[str, ...] = ()


DIALECTS: Mapping[str, Dialect] = {
    "node": Dialect(
        (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".vue", ".svelte", ".astro"),
        (
            _JS_ENV,
            rf"import\.meta\.env\.{_NAME}",
            rf"Deno\.env\.get\(\s*{_QUOTED}",
            r"(?:const|let|var)\s*\{\s*([A-Z][A-Z0-9_]*)\s*\}\s*=\s*process\.env\b",
            rf"import\s*\{{\s*{_NAME}\s*\}}\s*from\s*['\"]\$env/(?:static|dynamic)/",
        ),
        (
            rf"{_JS_ENV}!",
            rf"if\s*\(\s*!\s*{_JS_ENV}\s*\)\s*\{{?\s*(?:throw\b|[^\n]*\n?\s*(?:throw\b|process\.exit))",
            rf"{_JS_ENV}\s*(?:\?\?|\|\|)\s*(?:\(\s*\(\)\s*=>\s*\{{\s*)?throw\b",
            rf"getOrThrow(?:<[^>]*>)?\(\s*{_QUOTED}",
        ),
    ),
    "go": Dialect(
        (".go",),
        (rf"os\.(?:Getenv|LookupEnv)\(\s*{_QUOTED}", rf"`(?:[^`]*\s)?env(?:config)?:\"{_NAME}[^`]*`"),
        (
            rf"`(?:[^`]*\s)?env:\"{_NAME},(?:required|notEmpty)",
            rf"if\s+os\.Getenv\(\s*{_QUOTED}\s*\)\s*==\s*\"\"\s*\{{\s*(?:log\.Fatal|panic)",
            rf":?=\s*os\.Getenv\(\s*{_QUOTED}\s*\)\s*\n\s*if\s+\w+\s*==\s*\"\"\s*\{{\s*(?:log\.Fatal|panic)",
            rf"os\.LookupEnv\(\s*{_QUOTED}\s*\)\s*\n\s*if\s+!\s*\w+\s*\{{\s*(?:log\.Fatal|panic)",
        ),
    ),
    "ruby": Dialect(
        (".rb", ".ru", ".erb", ".yml"),
        (rf"ENV\[\s*{_QUOTED}\s*\]", rf"ENV\.fetch\(?\s*{_QUOTED}"),
        (rf"ENV\.fetch\(\s*{_QUOTED}\s*\)(?!\s*(?:\{{|do\b))",),
    ),
    "php": Dialect((".php",), (rf"\b(?:env|getenv)\(\s*{_QUOTED}", rf"\$_ENV\[\s*{_QUOTED}\s*\]")),
    "java": Dialect(
        (".java", ".kt", ".kts", ".scala", ".properties", ".yml", ".yaml", ".conf"),
        (rf"System\.getenv\(\s*{_QUOTED}", r"\$\{\??([A-Z][A-Z0-9_]+)[:}]"),
        (r"[=:]\s*[\"']?\$\{([A-Z][A-Z0-9_]+)\}", rf"requireNonNull\(\s*System\.getenv\(\s*{_QUOTED}"),
    ),
    "rust": Dialect(
        (".rs",),
        (rf"\benv::var(?:_os)?\(\s*{_QUOTED}", rf"\bdotenv!\(\s*{_QUOTED}", rf"env\s*=\s*{_QUOTED}"),
        (rf"\benv::var\(\s*{_QUOTED}\s*\)\s*\.\s*(?:expect|unwrap)\s*\(",),
    ),
    "elixir": Dialect(
        (".ex", ".exs"),
        (rf"System\.(?:get_env|fetch_env!?)\(\s*{_QUOTED}",),
        (
            rf"System\.fetch_env!\(\s*{_QUOTED}",
            rf"System\.get_env\(\s*{_QUOTED}\s*\)\s*\|\|\s*raise\b",
        ),
    ),
    "dotnet": Dialect(
        (".cs", ".fs", ".vb"),
        (rf"Environment\.GetEnvironmentVariable\(\s*{_QUOTED}",),
        (rf"Environment\.GetEnvironmentVariable\(\s*{_QUOTED}\s*\)\s*\?\?\s*throw\b",),
    ),
}


async def find_env(files: Files, language: str, *, only: Iterable[str] | None = None) -> tuple[EnvRead, ...]:
    """The config vars read by the sources of a language (a key of DIALECTS), by name, each once: `required` when any
    place requires it. `only` limits the search to these paths."""
    dialect = DIALECTS[language]
    found: dict[str, EnvRead] = {}
    for path in source_paths(files, dialect.suffixes) if only is None else only:
        for read in scan(await files.text(path), path, dialect):
            keep(found, read)
    return tuple(found[name] for name in sorted(found))


def keep(found: dict[str, EnvRead], read: EnvRead) -> None:
    """Adds a read, unless the platform gives that variable or a read at least as telling is there."""
    if read.name in _GIVEN or read.name.startswith(("DEVGEM_", "K_")):
        return
    old = found.get(read.name)
    if old is None or (read.required and not old.required):
        found[read.name] = read


def scan(text: str, path: str, dialect: Dialect) -> list[EnvRead]:
    """Every read in one file, required ones among them."""
    return [
        EnvRead(next(g for g in match.groups() if g), path, text.count("\n", 0, match.start()) + 1, required)
        for required, patterns in ((False, dialect.reads), (True, dialect.requires))
        for pattern in patterns
        for match in re.finditer(pattern, text)
    ]


def source_paths(files: Files, suffixes: tuple[str, ...]) -> list[str]:
    """The app's own sources with these suffixes, nearest to its root first: no tests, examples or vendored code."""
    own = [p for p in files.paths if p.endswith(suffixes) and not _NOT_THE_APP.search(p)]
    return sorted(own, key=lambda p: (p.count("/"), p))[:FILE_LIMIT]


def names(reads: Iterable[EnvRead]) -> tuple[str, ...]:
    return tuple(read.name for read in reads)


def required_names(reads: Iterable[EnvRead]) -> tuple[str, ...]:
    return tuple(read.name for read in reads if read.required)
