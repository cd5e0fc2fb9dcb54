"""Reads composer.json and composer.lock: packages, PHP version, extensions, and how they are installed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from devgem.domain.plan import Argv
from devgem.stack.evidence import Findings
from devgem.stack.files import BrokenManifest, Files
from devgem.stack.shapes import table, tables, texts
from devgem.stack.versions import from_tool_versions, from_version_file, newest_semver, number_in
from devgem.stack.words import words

DEFAULT = "8.4"
KNOWN = ("8.4", "8.3", "8.2", "8.5", "8.1", "8.0", "7.4", "7.3", "7.2", "7.1", "7.0", "5.6")
"""Series that there are images of, the preferred one first."""

INSTALL: Argv = (
    *("composer", "install", "--no-dev", "--no-scripts", "--no-interaction", "--no-progress"),
    *("--prefer-dist", "--optimize-autoloader"),
)
"""Scripts run the app's own code, which is not there yet: the build runs what is needed of them. The autoloader is
written here, because `vendor` is read-only afterwards; classes of the app itself are found by its PSR-4 rules."""

_BUILT_IN = words("""
core ctype date fileinfo filter hash iconv json libxml openssl pcre pdo phar posix random readline reflection session
sodium spl standard tokenizer zend-opcache zlib
""")
"""In every PHP, Debian's and the official images'."""


@dataclass(frozen=True)
class Composer:
    """`requires` are the packages of composer.json; `locked` those of composer.lock, each with what it requires."""

    requires: Mapping[str, str]
    locked: Mapping[str, Mapping[str, str]]
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def __contains__(self, package: object) -> bool:
        return package in self.requires or package in self.locked

    def first(self, *packages: str) -> str | None:
        return next((package for package in packages if package in self), None)

    def scripts(self) -> Iterator[tuple[str, str]]:
        """Each command of each script, with the script's name."""
        for name, commands in table(self.manifest, "scripts").items():
            for command in [commands] if isinstance(commands, str) else texts(commands):
                yield name, command


async def read_composer(files: Files) -> Composer:
    """Raises BrokenManifest for a composer.json that is no JSON object."""
    manifest = await files.json("composer.json")
    if not isinstance(manifest, dict):
        raise BrokenManifest(f"{files.repo_path('composer.json')} is no object", fix="Mend it and deploy again.")
    requires = {str(k).lower(): str(v) for k, v in table(manifest, "require").items()}
    return Composer(requires, await _locked(files), manifest)


async def _locked(files: Files) -> dict[str, Mapping[str, str]]:
    try:
        lock = await files.json("composer.lock")
    except BrokenManifest:
        # a lock beyond the size that is read; composer itself will say so when it is truly broken
        return {}
    packages = tables(table(lock).get("packages"))
    return {str(package.get("name", "")).lower(): table(package, "require") for package in packages}


async def php_version(files: Files, composer: Composer, findings: Findings) -> str:
    """The version that the lock file was made for (config.platform), then .php-version and .tool-versions, then the
    newest known one that the app and all its locked packages admit."""
    platform = table(composer.manifest, "config", "platform").get("php")
    number = ".".join((number_in(str(platform or "")) or "").split(".")[:2])
    if number:
        findings.add(
            "version", number, "composer.json", await files.line_of("composer.json", rf'"php":\s*"{platform}"')
        )
        return number
    exact = await from_version_file(files, ".php-version") or await from_tool_versions(files, "php")
    if exact and (named := number_in(exact.spec)):
        findings.add("version", named, exact.path, exact.line)
        return named
    range_ = composer.requires.get("php")
    if range_ is None:
        return DEFAULT
    ranges = [range_, *(str(needs["php"]) for needs in composer.locked.values() if "php" in needs)]
    fitting = [known for known in KNOWN if all(_admits(one, known) for one in ranges)]
    chosen = next(iter(fitting), None) or newest_semver(range_, KNOWN) or DEFAULT
    findings.add("version", chosen, "composer.json", await files.line_of("composer.json", r'"php":'))
    return chosen


def _admits(range_: str, known: str) -> bool:
    """A range of Composer's, whose commas and spaces both mean "and"; one that cannot be read excludes nothing."""
    plain = re.sub(r"@\w+|\s*,\s*", " ", range_).strip()
    return newest_semver(plain, [known]) is not None or newest_semver(plain, KNOWN) is None


async def extensions(files: Files, composer: Composer, findings: Findings) -> list[str]:
    """The extensions beyond the built-in ones that the app and its packages ask for, sorted."""
    found: dict[str, str] = {}
    for path, requires in [
        ("composer.json", composer.requires),
        *(("composer.lock", r) for r in composer.locked.values()),
    ]:
        for name in requires:
            extension = name.lower().removeprefix("ext-")
            if name.lower().startswith("ext-") and extension not in _BUILT_IN:
                found.setdefault(extension, path)
    for extension, path in sorted(found.items()):
        findings.add("extension", extension, path, await files.line_of(path, rf'"ext-{re.escape(extension)}"'))
    return sorted(found)


def debian_packages(extensions_: list[str]) -> tuple[str, ...]:
    """Debian's names for extensions: what has pdo_mysql also provides php-pdo-mysql."""
    return tuple(sorted({f"php-{name.lower().replace('_', '-')}" for name in extensions_}))


async def install_inputs(files: Files, composer: Composer) -> tuple[str, ...]:
    """The manifests; with a class map also the sources that it is made from."""
    inputs = [p for p in ("composer.json", "composer.lock", "auth.json", "symfony.lock") if p in files]
    autoload = table(composer.manifest, "autoload")
    folders = [one.removeprefix("./").rstrip("/") for one in texts(autoload.get("classmap"))]
    inputs += [p for p in files.paths if any(p == one or p.startswith(f"{one}/") for one in folders)]
    repositories = composer.manifest.get("repositories")
    listed = tables(repositories) or tables(list(table(repositories).values()))
    local = [str(one.get("url", "")) for one in listed if one.get("type") == "path"]
    patterns = [f"{one.removeprefix('./').rstrip('/')}/*" for one in local]
    inputs += [path for pattern in patterns for path in files.glob(pattern)]
    return tuple(files.repo_path(path) for path in dict.fromkeys(inputs))
