"""Reads Gemfile and Gemfile.lock: which gems, for which Ruby, and how they are installed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from devgem.domain.plan import Argv
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.code import read_code
from devgem.stack.languages.packages import COMPILER, MAGICK, MYSQL, POSTGRES, VIPS, Packages, needed
from devgem.stack.versions import from_tool_versions, from_version_file, newest_semver, number_in

DEFAULT = "3.4"
KNOWN = ("3.4", "4.0", "3.3", "3.2", "3.1", "3.0", "2.7", "2.6")
"""Series that there are images of, the preferred one first."""

ENV: Mapping[str, str] = {"BUNDLE_PATH": "vendor/bundle", "BUNDLE_WITHOUT": "development:test"}

_LOCKED = re.compile(r"^    ([\w.-]+) \(([\w.-]+)\)$")
_DECLARED = re.compile(r"^\s*gem\s*\(?\s*['\"]([\w.-]+)['\"](?:\s*,\s*['\"][~>=<\s]*([\d.]+))?")
_DEVELOPMENT = re.compile(r"\s*group\s*\(?\s*(?:\[?\s*:(?:development|test|doc|ci)\s*,?\s*\]?)+\)?\s*do\b")
_DEVELOPMENT_ONLY = re.compile(r"\bgroups?(?::|\s*=>)\s*\[?\s*(?::(?:development|test|doc|ci)\s*,?\s*)+\]?\s*(?:,|$)")
_LINUX = re.compile(r"^(ruby|x86_64-linux\S*|aarch64-linux\S*)$")

_PACKAGES: Mapping[str, Packages] = {
    "pg": POSTGRES,
    "mysql2": MYSQL,
    "sqlite3": Packages((*COMPILER, "libsqlite3-dev"), ("libsqlite3-0",)),
    "ruby-vips": Packages(run=("libvips42",)),
    "image_processing": Packages(run=VIPS.run),
    "rmagick": MAGICK,
    "mini_magick": Packages(run=("imagemagick",)),
    "psych": Packages(("libyaml-dev",), ("libyaml-0-2",)),
    "ffi": Packages(("libffi-dev",)),
    "charlock_holmes": Packages(("libicu-dev",), ("libicu-dev",)),
    "rugged": Packages(("cmake", "pkg-config", "libssl-dev")),
    "idn-ruby": Packages(("libidn-dev",), ("libidn12",)),
    "curb": Packages(("libcurl4-openssl-dev",), ("libcurl4",)),
    "wkhtmltopdf-binary": Packages(run=("wkhtmltopdf",)),
    "streamio-ffmpeg": Packages(run=("ffmpeg",)),
}


@dataclass(frozen=True)
class Gem:
    version: str
    path: str
    line: int


@dataclass(frozen=True)
class Gems:
    """The gems of a Gemfile with everything that they pull in, when there is a lock file; without those that only
    development and test groups name."""

    found: Mapping[str, Gem]
    locked: bool
    platforms: tuple[str, ...]

    def __contains__(self, name: object) -> bool:
        return name in self.found

    def first(self, *names: str) -> str | None:
        return next((name for name in names if name in self.found), None)

    @property
    def foreign(self) -> bool:
        """Whether the lock file was made for other systems only, so that Bundler refuses it on Linux."""
        return bool(self.platforms) and not any(_LINUX.match(one) for one in self.platforms)

    def packages(self) -> Packages:
        git = ("git",) if any(gem.version == "git" for gem in self.found.values()) else ()
        # image_processing brings mini_magick along, but Rails uses vips
        unused = {"mini_magick"} if "image_processing" in self.found else set()
        return needed(_PACKAGES, self.found.keys() - unused, build=(*COMPILER, *git))


async def read_gems(files: Files) -> Gems:
    found: dict[str, Gem] = {}
    unused: set[str] = set()
    blocks: list[bool] = []
    for number, line in enumerate((await read_code(files, "Gemfile")).splitlines(), 1):
        if re.search(r"\bdo\b(\s*\|\w*\|)?\s*$|^\s*(if|unless|case)\b", line):
            blocks.append(bool(_DEVELOPMENT.match(line)))
        elif re.match(r"\s*end\b", line) and blocks:
            blocks.pop()
        if declared := _DECLARED.match(line):
            if any(blocks) or _DEVELOPMENT_ONLY.search(line):
                unused.add(declared.group(1))
                continue
            remote = re.search(r"\b(git|github|gitlab):|:(?:git|github)\s*=>", line)
            found[declared.group(1)] = Gem("git" if remote else declared.group(2) or "", "Gemfile", number)
    platforms: list[str] = []
    section = ""
    for number, line in enumerate((await files.text("Gemfile.lock")).splitlines(), 1):
        section = line if line and not line.startswith(" ") else section
        if (locked := _LOCKED.match(line)) and (locked.group(1) not in unused or locked.group(1) in found):
            version = "git" if section == "GIT" else locked.group(2)
            found[locked.group(1)] = Gem(version, "Gemfile.lock", number)
        elif section == "PLATFORMS" and line.startswith("  "):
            platforms.append(line.strip())
    return Gems(found, "Gemfile.lock" in files, tuple(platforms))


async def ruby_version(files: Files, findings: Findings) -> str | None:
    """The version that Bundler will insist on: an exact one in the Gemfile, then the one locked, then .ruby-version,
    then .tool-versions, then the newest known in the Gemfile's range. None when no file states one."""
    gemfile = await read_code(files, "Gemfile")
    stated = re.search(r"^\s*ruby\s*\(?\s*((?:['\"][^'\"\n]+['\"]\s*,?\s*)+)", gemfile, re.MULTILINE)
    spec = ", ".join(re.findall(r"['\"]([^'\"]+)['\"]", stated.group(1))) if stated else ""
    line = gemfile.count("\n", 0, stated.start(1)) + 1 if stated else None
    if re.fullmatch(r"\d+\.\d+(\.\d+)?", spec):
        findings.add("version", spec, "Gemfile", line)
        return spec
    lock = await files.line_of("Gemfile.lock", r"^   ruby \d")
    locked = number_in((await files.text("Gemfile.lock")).splitlines()[lock - 1]) if lock else None
    if locked:
        findings.add("version", locked, "Gemfile.lock", lock)
        return locked
    exact = await from_version_file(files, ".ruby-version") or await from_tool_versions(files, "ruby")
    number = number_in(exact.spec) if exact else None
    if exact and number:
        findings.add("version", number, exact.path, exact.line)
        return number
    chosen = newest_semver(spec, KNOWN) if spec else None
    if chosen:
        findings.add("version", chosen, "Gemfile", line)
    return chosen


async def install_inputs(files: Files) -> tuple[str, ...]:
    """All that `bundle install` reads: the manifests, and gems that lie in the repository with their sources."""
    text = await read_code(files, "Gemfile")
    inputs = [p for p in ("Gemfile", "Gemfile.lock", ".ruby-version", ".tool-versions") if p in files]
    inputs += [
        path
        for path in re.findall(r"^\s*eval_gemfile\s*\(?\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE)
        if path in files
    ]
    folders = re.findall(r"\bpath:\s*['\"]([\w./-]+)['\"]|^\s*path\s+['\"]([\w./-]+)['\"]", text, re.MULTILINE)
    local = [next(filter(None, found)).removeprefix("./").rstrip("/") + "/" for found in folders]
    if re.search(r"^\s*gemspec\b", text, re.MULTILINE):
        inputs += [p for p in files.paths if p.endswith(".gemspec") or re.fullmatch(r"lib/.*version\.rb", p)]
    inputs += [path for path in files.paths if path.startswith(tuple(local))]
    vendored = [path for path in files.paths if path.startswith("vendor/cache/")]
    return tuple(files.repo_path(path) for path in dict.fromkeys((*inputs, *vendored)))


def bundle_env(gems: Gems) -> dict[str, str]:
    """Bundler's settings, the same while building and running."""
    return {**ENV, **({"BUNDLE_DEPLOYMENT": "1"} if gems.locked else {})}


INSTALL: Argv = ("bundle", "install")
DEPS = "vendor/bundle"
