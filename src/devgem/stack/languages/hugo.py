"""Hugo sites."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from devgem.domain.plan import Argv, BuildPlan, Candidate, Kind, Stack, StaticSite, Unplannable
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.assets import REQUIRES, find_assets
from devgem.stack.languages.wording import doubt, note
from devgem.stack.provider import Answer
from devgem.stack.shapes import table, texts
from devgem.stack.versions import Stated, from_tool_versions, from_version_file, number_in

DEFAULT = "0.148.2"
_OWN_NAMES = tuple(
    f"{folder}hugo.{ext}" for folder in ("", "config/_default/") for ext in ("toml", "yaml", "yml", "json")
)
_SHARED_NAMES = tuple(name.replace("hugo.", "config.") for name in _OWN_NAMES)
_FOLDERS = ("content", "layouts", "archetypes", "themes", "static", "assets")
_WORKFLOW_VERSION = re.compile(r"HUGO_VERSION:\s*['\"]?v?(\d[\d.]*)|hugo-version:\s*['\"]?v?(\d[\d.]*)")


@dataclass(frozen=True)
class Config:
    """Settings with their keys in lower case, as Hugo takes them."""

    path: str
    settings: Mapping[str, Any]

    def text(self, key: str) -> str | None:
        value = self.settings.get(key.lower())
        return value if isinstance(value, str) else None

    def list(self, key: str) -> list[str]:
        value = self.settings.get(key.lower())
        return [value] if isinstance(value, str) else texts(value)


class Hugo:
    language = "hugo"

    async def plan(self, files: Files) -> Answer:
        config = await read_config(files)
        if "theme.toml" in files and not files.has_dir("content"):
            example = Candidate(files.repo_path("exampleSite"), "Hugo, the theme's example")
            return Unplannable(
                "This is a Hugo theme without a site.",
                "Choose its example with --dir exampleSite."
                if files.has_dir("exampleSite")
                else "Deploy a site that uses it.",
                (example,) if files.has_dir("exampleSite") else (),
                language="hugo",
            )
        if config is None:
            return None
        findings = Findings(files)
        findings.add("language", "hugo", config.path, 1)
        findings.add("kind", "static", config.path, await files.line_of(config.path, "baseurl"))
        missing = await _missing_theme(files, config)
        if isinstance(missing, Unplannable):
            return missing
        version = await stated_version(files, config)
        if version:
            findings.add("version", str(number_in(version.spec)), version.path, version.line)
        root = config.text("publishDir") or "public"
        findings.add("static_root", root, config.path, await files.line_of(config.path, "publishdir"))
        plan = BuildPlan(
            stack=Stack(
                "hugo", "hugo", None, Kind.STATIC, "hugo", number_in(version.spec) or DEFAULT if version else DEFAULT
            ),
            dir=files.dir,
            build=(("hugo", "--gc", "--minify", "--baseURL", "/"),),
            build_env={"HUGO_CACHEDIR": "/tmp/hugo_cache"},  # noqa: S108  # inside the build's own sandbox
            static=StaticSite(root=posixpath.normpath(root), not_found=await _not_found(files, config)),
            notes=("Built for the root of whatever host it gets: baseURL is /.",),
        )
        plan = _with_theme(plan, missing, findings)
        plan = await _with_modules(plan, files, config, findings)
        plan = await _with_assets(plan, files, findings)
        return replace(plan, stack=replace(plan.stack, evidence=findings.all()))


async def read_config(files: Files) -> Config | None:
    """The site's configuration. Zola and others have a config.toml too: under that name, Hugo's folders must be there
    and `baseURL` or another key that only Hugo has."""
    path = files.first(*_OWN_NAMES) or files.first(*_SHARED_NAMES)
    if path is None:
        return None
    reader = files.toml if path.endswith("toml") else files.json if path.endswith("json") else files.yaml
    document = await reader(path)
    if not isinstance(document, dict):
        return None
    settings = {str(key).lower(): value for key, value in document.items()}
    if path.endswith(tuple(posixpath.basename(name) for name in _OWN_NAMES)):
        return Config(path, settings)
    own = settings.keys() & {
        "baseurl",
        "languagecode",
        "theme",
        "module",
        "markup",
        "publishdir",
        "defaultcontentlanguage",
    }
    return Config(path, settings) if own and any(files.has_dir(folder) for folder in _FOLDERS) else None


async def stated_version(files: Files, config: Config) -> Stated | None:
    """What the host it was written for is told: netlify.toml, vercel.json, a workflow; then version files; then the
    least version that the site asks for."""
    found = await from_version_file(files, ".hugo-version", ".hvm") or await from_tool_versions(files, "hugo", "gohugo")
    if found:
        return found
    workflows = [path for path in files.root.paths if re.match(r"\.github/workflows/[^/]+\.ya?ml$", path)]
    for view, path in [(files, "netlify.toml"), (files, "vercel.json"), *((files.root, path) for path in workflows)]:
        for number, line in enumerate((await view.text(path)).splitlines(), 1):
            if stated := re.search(r"\bHUGO_VERSION\W+(\d[\d.]*\d)", line) or _WORKFLOW_VERSION.search(line):
                return Stated(next(filter(None, stated.groups())), _from(files, view.repo_path(path)), number)
    least = table(config.settings, "module", "hugoVersion").get("min")
    newest = max(str(least or "0"), DEFAULT, key=_number)
    if least and newest != DEFAULT:
        return Stated(newest, config.path, await files.line_of(config.path, r"\bmin\s*[=:]"))
    return None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (number_in(version) or "0").split("."))


def _from(files: Files, path: str) -> str:
    return posixpath.relpath(path, files.dir)


@dataclass(frozen=True)
class _Missing:
    """A theme that is a submodule, and did not come with the tree."""

    folder: str
    url: str
    line: int


async def _missing_theme(files: Files, config: Config) -> _Missing | Unplannable | None:
    folder = config.text("themesDir") or "themes"
    for theme in config.list("theme"):
        path = posixpath.normpath(f"{folder}/{theme}")
        if files.root.has_dir(files.repo_path(path)) or "." in theme.partition("/")[0]:
            continue
        submodule = await _submodule(files, path)
        line = await files.line_of(config.path, rf"\btheme\b.*{re.escape(theme)}")
        if submodule is None:
            where = files.repo_path(path)
            return Unplannable(
                f"{files.repo_path(config.path)}:{line} names the theme {theme!r}, but {where} is not there.",
                f"Add it: `git submodule add <its repository> {where}`, or commit its files.",
                language="hugo",
            )
        return submodule
    return None


async def _submodule(files: Files, path: str) -> _Missing | None:
    text = await files.root.text(".gitmodules")
    for section in re.finditer(r"^\[submodule[^\n]*\n((?:[ \t]+[^\n]*\n?)+)", text, re.MULTILINE):
        stated = dict(re.findall(r"^\s*(\w+)\s*=\s*(\S+)", section.group(1), re.MULTILINE))
        if posixpath.normpath(stated.get("path", "")) == files.repo_path(path) and stated.get("url", "").startswith(
            "https://"
        ):
            return _Missing(path, stated["url"], text.count("\n", 0, section.start()) + 1)
    return None


def _with_theme(plan: BuildPlan, missing: _Missing | None, findings: Findings) -> BuildPlan:
    if missing is None:
        return plan
    path = posixpath.relpath(".gitmodules", plan.dir)
    findings.add("theme", missing.url, path, missing.line)
    clone: Argv = ("git", "clone", "--depth", "1", "--recurse-submodules", "--", missing.url, missing.folder)
    plan = replace(plan, build=(clone, *plan.build), requires_build=(*plan.requires_build, "git"))
    return doubt(plan, f"The theme is a git submodule; its newest commit is taken from {missing.url}.")


async def _with_modules(plan: BuildPlan, files: Files, config: Config, findings: Findings) -> BuildPlan:
    if "go.mod" not in files or not re.search(
        r"^\s*(require\b|[\w.]+/\S+ v)", await files.text("go.mod"), re.MULTILINE
    ):
        return plan
    findings.add("modules", "go", "go.mod", 1)
    return replace(plan, requires_build=tuple(dict.fromkeys((*plan.requires_build, "git", "golang-go"))))


async def _with_assets(plan: BuildPlan, files: Files, findings: Findings) -> BuildPlan:
    """PostCSS, Tailwind and the like, which Hugo calls by itself."""
    assets = await find_assets(files)
    if assets is None:
        return plan
    manifest = table(await files.json("package.json"))
    if not (manifest.get("dependencies") or manifest.get("devDependencies")):
        return plan
    findings.add("assets", "package.json", "package.json", 1)
    plan = replace(
        plan,
        install=(assets.install,),
        install_inputs=assets.inputs,
        deps=assets.deps,
        requires_build=(*plan.requires_build, *REQUIRES),
    )
    return note(plan, "package.json is installed first, for what Hugo calls (PostCSS, Tailwind).")


async def _not_found(files: Files, config: Config) -> str | None:
    """Hugo writes 404.html when the site or its theme has a layout for it."""
    themes = [f"{config.text('themesDir') or 'themes'}/{theme}/" for theme in config.list("theme")]
    pages = [f"{base}layouts/{page}" for base in ("", *themes) for page in ("404.html", "_default/404.html")]
    return "404.html" if files.first(*pages, "static/404.html") else None
