"""Jekyll sites, with a Gemfile or, as on GitHub Pages, without."""

from dataclasses import replace

from devgem.domain.plan import Argv, BuildPlan, Kind, Stack, StaticSite, Unplannable
from devgem.stack.evidence import Findings
from devgem.stack.files import BrokenManifest, Files
from devgem.stack.languages.gemfile import (
    DEPS,
    INSTALL,
    Gems,
    bundle_env,
    install_inputs,
    read_gems,
    ruby_version,
)
from devgem.stack.languages.rails import is_rails
from devgem.stack.languages.wording import doubt, note
from devgem.stack.provider import Answer

_GEM_HOME = "/deps/gems"
_RUBY = "3.3"
"""The newest Ruby that brings csv and base64, which Jekyll before 4.4 needs without saying so."""
_CONFIGS = ("_config.yml", "_config.yaml")
_FOLDERS = ("_posts", "_layouts", "_includes", "_pages", "_data", "_drafts")


class Jekyll:
    language = "ruby"

    async def plan(self, files: Files) -> Answer:
        gems = await read_gems(files)
        gem = gems.first("jekyll", "github-pages")
        config = files.first(*_CONFIGS)
        if gem is None and not await _looks_like_a_site(files, config):
            return None
        if is_rails(files, gems) or (config is None and "config.ru" in files):
            return None
        if any("/" not in path and path.endswith(".gemspec") for path in files.paths) and not _has_pages(files):
            return Unplannable(
                "This is a Jekyll theme without a site.", "Add an index.md and a _config.yml.", language="ruby"
            )
        findings = Findings(files)
        if gem:
            found = gems.found[gem]
            findings.add("framework", "jekyll", found.path, found.line)
            plan = await _bundled(files, gems, findings)
        else:
            findings.add("framework", "jekyll", config or files.paths[0], 1)
            plan = _unbundled(files)
        return await _site(plan, files, config, findings)


def _has_pages(files: Files) -> bool:
    return files.first("index.md", "index.html", "index.markdown") is not None or files.has_dir("_posts")


async def _looks_like_a_site(files: Files, config: str | None) -> bool:
    """Without a gem: a _config.yml and Jekyll's own folders. (Hexo has a _config.yml too, and a package.json.)"""
    if config is None or "package.json" in files or files.has_dir("scaffolds"):
        return False
    return any(files.has_dir(folder) for folder in _FOLDERS)


async def _bundled(files: Files, gems: Gems, findings: Findings) -> BuildPlan:
    version = await ruby_version(files, findings)
    packages = gems.packages()
    env = bundle_env(gems)
    plan = BuildPlan(
        stack=Stack("ruby", "jekyll", "bundler", Kind.STATIC, "ruby", version or _RUBY),
        install=(INSTALL,),
        install_inputs=await install_inputs(files),
        deps=(files.repo_path(DEPS),),
        build=(("bundle", "exec", "jekyll", "build"),),
        build_env=env,
        requires_build=packages.build,
    )
    if not gems.locked:
        plan = note(plan, "There is no Gemfile.lock: the newest gems are installed each time; commit it.")
    if gems.foreign:
        said = "Gemfile.lock was made for another system: run `bundle lock --add-platform x86_64-linux`."
        plan = doubt(plan, said)
    return plan


def _unbundled(files: Files) -> BuildPlan:
    install: Argv = ("gem", "install", "--no-document", "--install-dir", _GEM_HOME, "github-pages")
    plan = BuildPlan(
        stack=Stack("ruby", "jekyll", None, Kind.STATIC, "ruby", _RUBY),
        install=(install,),
        deps=(_GEM_HOME,),
        build=((f"{_GEM_HOME}/bin/jekyll", "build"),),
        build_env={"GEM_HOME": _GEM_HOME},
        requires_build=("build-essential",),
    )
    return doubt(plan, "There is no Gemfile: built with the gem github-pages, as GitHub Pages does.")


async def _site(plan: BuildPlan, files: Files, config: str | None, findings: Findings) -> BuildPlan:
    settings = await _settings(files, config)
    root = str(settings.get("destination") or "_site").removeprefix("./").strip("/")
    source = str(settings.get("source") or ".").strip("/")
    if config:
        findings.add("static_root", root, config, await files.line_of(config, r"^destination\s*:"))
    findings.add("kind", "static", config or "Gemfile", 1)
    build = plan.build
    baseurl = str(settings.get("baseurl") or "").strip("/")
    if baseurl and config:
        line = await files.line_of(config, r"^baseurl\s*:")
        findings.add("baseurl", baseurl, config, line)
        build = ((*build[0], "--baseurl", ""),)
        plan = note(
            plan, f"{files.repo_path(config)}:{line} puts the site below /{baseurl}; it is built for / instead."
        )
    below = files if source == "." else files.below(source)
    not_found = "404.html" if below.first("404.html", "404.md", "404.markdown") else None
    return replace(
        plan,
        stack=replace(plan.stack, evidence=findings.all()),
        dir=files.dir,
        build=build,
        build_env={**plan.build_env, "JEKYLL_ENV": "production", "LANG": "C.UTF-8"},
        static=StaticSite(root=root, not_found=not_found),
    )


async def _settings(files: Files, config: str | None) -> dict[str, object]:
    settings = await files.yaml(config) if config else {}
    if not isinstance(settings, dict):
        raise BrokenManifest(f"{files.repo_path(str(config))} is no list of settings", fix="Mend it and deploy again.")
    return settings
