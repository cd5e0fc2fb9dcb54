"""PHP: Laravel, Symfony, other frameworks, and plain files.

Every plan starts PHP's own web server with several workers, because it is the one start that needs nothing but `php`:
the same in a sandbox of this machine and in a container. It is slower under load than PHP-FPM or FrankenPHP, and a note
says so; a Dockerfile in the repository replaces it.
"""

import posixpath
import re
from dataclasses import dataclass, replace

from devgem.domain.plan import Argv, BuildPlan, Kind, Stack, Unplannable
from devgem.stack.env_names import find_env, names, required_names, source_paths
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import DEFAULT_PORT, find_address, on_port
from devgem.stack.languages.code import Hit, search
from devgem.stack.languages.composer import (
    INSTALL,
    Composer,
    debian_packages,
    extensions,
    install_inputs,
    php_version,
    read_composer,
)
from devgem.stack.languages.php_frameworks import BUILT_IN_SERVER, FRAMEWORKS, WORKERS, with_framework
from devgem.stack.languages.wording import doubt, note
from devgem.stack.provider import Answer, NoStart

_ROOTS = ("public", "web", "webroot", "www", "htdocs", "public_html", "docroot", "html", ".", "src", "app")
_ROUTERS = ("router.php", "server.php", "system/router.php", "index.php")
_LISTENS = (
    r"\bnew\s+\\?(?:React\\Socket\\)?SocketServer\(",
    r"\bnew\s+\\?(?:Open)?Swoole\\(?:Http|WebSocket)\\Server\(|\bnew\s+swoole_http_server\(",
    r"\bnew\s+\\?(?:Workerman\\)?Worker\(\s*['\"](?:http|websocket)",
)
_READS = (r"(?:getenv|env)\(\s*['\"]NAME['\"]", r"\$_(?:ENV|SERVER)\[\s*['\"]NAME['\"]")
_BINDS = (
    r"['\"](?:\w+://)?(?P<host>[\w.]+):(?P<port>\d{2,5})['\"]",
    r"Server\(\s*['\"](?P<host>[\w.]+)['\"]\s*,\s*(?P<port>\d{2,5})",
)


@dataclass(frozen=True)
class _Root:
    """The folder that is served, by which file that is known, and the router script, if there is one."""

    folder: str
    path: str
    line: int | None = None
    router: str | None = None


class Php:
    language = "php"

    async def plan(self, files: Files) -> Answer:
        scripts = [p for p in source_paths(files, (".php",)) if p.count("/") <= 1]
        if "composer.json" not in files and not scripts:
            return None
        composer = await read_composer(files)
        findings = Findings(files)
        plan = await _base(files, composer, findings)
        framework = await with_framework(plan, files, composer, findings)
        if framework:
            return _finish(framework, findings)
        root = await _document_root(files, composer)
        if root:
            return _finish(await _serve(plan, files, root, composer, findings), findings)
        return await _program(plan, files, composer, scripts, findings)


async def _base(files: Files, composer: Composer, findings: Findings) -> BuildPlan:
    """Everything but what is started."""
    manifest = "composer.json" if "composer.json" in files else next(p for p in files.paths if p.endswith(".php"))
    findings.add("language", "php", manifest, 1)
    version = await php_version(files, composer, findings)
    packages = debian_packages(await extensions(files, composer, findings))
    env = await find_env(files, "php")
    plan = BuildPlan(
        stack=Stack("php", None, None, Kind.WORKER, "php", version),
        dir=files.dir,
        port=DEFAULT_PORT,
        requires_build=packages,
        requires_run=packages,
        env_names=names(env),
        env_required=required_names(env),
    )
    if "composer.json" not in files:
        return plan
    if "composer.lock" not in files and len(composer.requires) > 1:
        plan = note(plan, "There is no composer.lock: the newest packages are installed each time; commit it.")
    return replace(
        plan,
        stack=replace(plan.stack, package_manager="composer"),
        install=(INSTALL,),
        install_inputs=await install_inputs(files, composer),
        deps=(files.repo_path("vendor"),),
        build_env={"COMPOSER_ALLOW_SUPERUSER": "1"},
        requires_build=(*packages, "git", "unzip"),
    )


def _finish(plan: BuildPlan, findings: Findings) -> BuildPlan:
    return replace(plan, stack=replace(plan.stack, evidence=findings.all()))


async def _document_root(files: Files, composer: Composer) -> _Root | None:
    """The folder that the repository itself serves (`php -S ... -t`, Heroku's Procfile), or that holds index.php."""
    for name, command in composer.scripts():
        if served := re.search(r"\bphp\s+(?:-\S+\s+)*?-S\s+\S+(?:\s+-t\s+(\S+))?(?:\s+([\w./-]+\.php))?", command):
            line = await files.line_of("composer.json", rf'"{re.escape(name)}"\s*:')
            folder = posixpath.normpath(served.group(1) or ".")
            return _Root(folder, "composer.json", line, served.group(2))
    for number, text in enumerate((await files.text("Procfile")).splitlines(), 1):
        if heroku := re.match(r"web:.*heroku-php-\w+(?:\s+-[A-Za-z]\s+\S+)*\s*(\S*)", text):
            return _Root(posixpath.normpath(heroku.group(1) or "."), "Procfile", number)
    for folder in _ROOTS:
        index = posixpath.normpath(f"{folder}/index.php")
        if index in files:
            return _Root(folder, index, 1, await _router(files, folder))
    pages = [p for p in files.paths if p.endswith(".php") and "/" not in p]
    if pages and files.first("index.html", "index.htm"):
        return _Root(".", pages[0], 1)
    return None


async def _router(files: Files, folder: str) -> str | None:
    """A script for the built-in server: one that returns false for files that are there.
    https://www.php.net/manual/en/features.commandline.webserver.php"""
    for name in _ROUTERS:
        for path in dict.fromkeys((name, posixpath.normpath(f"{folder}/{name}"))):
            if path in files and await search(files, [path], r"^\s*return\s+false\s*;"):
                return path
    return None


async def _serve(plan: BuildPlan, files: Files, root: _Root, composer: Composer, findings: Findings) -> BuildPlan:
    findings.add("document_root", root.folder, root.path, root.line)
    findings.add("kind", "server", root.path, root.line)
    framework = next((name for package, name in FRAMEWORKS.items() if package in composer), None)
    if framework is None and files.first("wp-load.php", "wp-settings.php"):
        framework = "wordpress"
        findings.add("framework", framework, "wp-settings.php", 1)
        plan = _with_mysql(plan)
        if "wp-config.php" not in files:
            plan = doubt(plan, "WordPress needs MySQL and a wp-config.php; without them it shows its set-up page.")
    elif framework:
        package = next(package for package, name in FRAMEWORKS.items() if name == framework and package in composer)
        path = "composer.json" if package in composer.requires else "composer.lock"
        findings.add("framework", framework, path, await files.line_of(path, rf'"{re.escape(package)}"'))
    if root.router:
        findings.add("router", root.router, root.router, 1)
    target = "" if root.folder == "." else f" -t {root.folder}"
    plan = replace(
        plan,
        stack=replace(plan.stack, framework=framework, kind=Kind.SERVER),
        start=on_port(f"php -S 0.0.0.0:$PORT{target}{f' {root.router}' if root.router else ''}"),
        run_env={**plan.run_env, **WORKERS},
    )
    rewrites = posixpath.normpath(f"{root.folder}/.htaccess")
    other = await search(files, [rewrites], r"^\s*RewriteRule\s+(?!.*index\.php)(?!.*\s-\s)[^\n]*")
    if other:
        plan = note(plan, f"{files.repo_path(rewrites)}:{other.line} is for Apache and has no effect here.")
    return note(plan, BUILT_IN_SERVER)


def _with_mysql(plan: BuildPlan) -> BuildPlan:
    return replace(
        plan,
        requires_build=tuple(sorted({*plan.requires_build, "php-mysqli"})),
        requires_run=tuple(sorted({*plan.requires_run, "php-mysqli"})),
    )


async def _program(plan: BuildPlan, files: Files, composer: Composer, scripts: list[str], findings: Findings) -> Answer:
    """Something that listens by itself, or runs without listening."""
    listens = await search(files, scripts, *_LISTENS)
    if listens:
        return _finish(await _listening(plan, files, listens, findings), findings)
    top = [path for path in scripts if "/" not in path]
    if composer.manifest.get("type") in ("library", "symfony-bundle", "wordpress-plugin") or (
        not top and composer.requires
    ):
        return Unplannable(
            "This is a PHP library: there is no index.php and nothing that listens.",
            "Add public/index.php, or choose a folder that has one with --dir.",
            language="php",
        )
    if not top:
        return None
    if len(top) > 1:
        return NoStart(
            _finish(plan, findings), "Nothing here says which PHP file to start.", "Add index.php or a Procfile."
        )
    findings.add("kind", "worker", top[0], 1)
    findings.add("start", f"php {top[0]}", top[0], 1)
    return _finish(
        doubt(replace(plan, start=("php", top[0])), f"{top[0]} is run as a program, not as a page."), findings
    )


async def _listening(plan: BuildPlan, files: Files, listens: Hit, findings: Findings) -> BuildPlan:
    findings.add("kind", "server", listens.path, listens.line)
    findings.add("start", f"php {listens.path}", listens.path, listens.line)
    address = await find_address(files, [], _READS, _BINDS, first=[listens.path])
    start: Argv = ("php", listens.path)
    if "Worker(" in listens.match.group():
        start = (*start, "start")
    plan = replace(
        plan,
        stack=replace(plan.stack, kind=Kind.SERVER),
        start=address.command(start),
        port=address.record(findings),
        notes=(*plan.notes, *address.notes(files)),
    )
    return plan if address.sure else doubt(plan, "The code does not show the port that it listens on.")
