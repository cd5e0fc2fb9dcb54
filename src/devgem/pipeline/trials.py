"""Which tests, linters and parsers an app has: pure functions of its plan and files."""

import json
import posixpath
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from devgem.domain.plan import BuildPlan
from devgem.domain.trial import Trial

Read = Callable[[str], Awaitable[str]]
"""The text of a file, empty when there is none."""

_FILES = 20
_SCRIPTS = ("lint", "typecheck", "type-check", "check-types", "test")
_NO_TEST = re.compile(r"no test specified")
_WATCHES = re.compile(r"--watch(?!=false|All=false)|\bwatch\b")
_JAVASCRIPT = (".js", ".mjs", ".cjs")


async def trials_of(plan: BuildPlan, paths: Sequence[str], edited: Sequence[str], read: Read) -> list[Trial]:
    """What can be tried of an app with these files, of which some were edited: parsers first, then linters, then
    tests. Commands run in the app's folder."""
    inside = [_inside(plan.dir, path) for path in paths]
    own = [path for path in inside if path is not None]
    changed = [path for path in (_inside(plan.dir, path) for path in edited) if path is not None and path in own]
    language = plan.stack.language
    found = _parsers(language, changed[:_FILES])
    manifest = await read(posixpath.normpath(posixpath.join(plan.dir, "package.json"))) if "package.json" in own else ""
    if language in ("node", "bun"):
        found += _scripts(plan, manifest)
    elif language == "python":
        found += _python(own)
    elif language == "go":
        found += _go(own)
    elif language == "ruby":
        found += _ruby(own)
    elif language == "php":
        found += _php(own)
    elif language == "rust" and any(path.startswith("tests/") for path in own):
        found.append(Trial("cargo test", ("cargo", "test", "--quiet")))
    return found


def _inside(folder: str, path: str) -> str | None:
    if folder == ".":
        return path
    return path.removeprefix(folder + "/") if path.startswith(folder + "/") else None


def _parsers(language: str, changed: Sequence[str]) -> list[Trial]:
    found = []
    scripts = [f"./{path}" for path in changed if path.endswith(_JAVASCRIPT)]
    if scripts and language in ("node", "bun"):
        found.append(Trial("JavaScript parses", ("node", "-e", _parse_javascript(), "--", *scripts)))
    for path in changed:
        if language == "php" and path.endswith(".php"):
            found.append(Trial(f"{path} parses", ("php", "-l", f"./{path}")))
        if language == "ruby" and path.endswith((".rb", ".ru")):
            found.append(Trial(f"{path} parses", ("ruby", "-c", f"./{path}")))
    return found


def _parse_javascript() -> str:
    return Path(__file__).with_name("parse_javascript.js").read_text()


def _scripts(plan: BuildPlan, manifest: str) -> list[Trial]:
    try:
        scripts = json.loads(manifest or "{}").get("scripts", {})
    except (ValueError, AttributeError, RecursionError):  # that it does not parse is found by other means
        return []
    manager = plan.stack.package_manager or "npm"
    named = scripts if isinstance(scripts, dict) else {}
    return [
        Trial(f"{manager} run {name}", (manager, "run", name))
        for name in _SCRIPTS
        if isinstance(text := named.get(name), str) and not _NO_TEST.search(text) and not _WATCHES.search(text)
    ]


def _python(own: Sequence[str]) -> list[Trial]:
    found = []
    if any(path.endswith(("ruff.toml", "pyproject.toml")) for path in own):
        ruff = ("python", "-m", "ruff")
        missing = "ruff is not among what the app installs"
        found.append(Trial("ruff check", (*ruff, "check", "."), (*ruff, "--version"), missing))
    if any(re.search(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$", path) for path in own):
        probe = ("python", "-c", "import pytest")
        command = ("python", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
        found.append(Trial("pytest", command, probe, "there are tests, but pytest is not among what the app installs"))
    return found


def _go(own: Sequence[str]) -> list[Trial]:
    tests = [Trial("go test", ("go", "test", "./..."))] if any(path.endswith("_test.go") for path in own) else []
    return [Trial("go vet", ("go", "vet", "./...")), *tests]


def _ruby(own: Sequence[str]) -> list[Trial]:
    bundled = ("bundle", "exec")
    if any(path.startswith("spec/") and path.endswith("_spec.rb") for path in own):
        missing = "there are specs, but rspec is not among what the app installs"
        return [Trial("rspec", (*bundled, "rspec"), (*bundled, "rspec", "--version"), missing)]
    if "Rakefile" in own and any(path.startswith("test/") for path in own):
        missing = "there are tests, but rake is not among what the app installs"
        return [Trial("rake test", (*bundled, "rake", "test"), (*bundled, "rake", "--version"), missing)]
    return []


def _php(own: Sequence[str]) -> list[Trial]:
    if not any(path in own for path in ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml")):
        return []
    program = ("php", "vendor/bin/phpunit")
    missing = "there are tests, but phpunit is not among what the app installs"
    return [Trial("phpunit", program, (*program, "--version"), missing)]
