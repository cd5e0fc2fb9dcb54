"""Rust: Cargo packages and workspaces."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from devgem.domain.plan import BuildPlan, Candidate, Kind, Stack, Unplannable
from devgem.stack.env_names import find_env, names, required_names
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import DEFAULT_PORT, SPEAKS_HTTP, find_address, on_port
from devgem.stack.languages.cargo import (
    SYSTEM,
    Package,
    Program,
    Workspace,
    find_workspace,
    locked_crates,
    stated_toolchain,
)
from devgem.stack.languages.code import Hit, search
from devgem.stack.languages.packages import needed
from devgem.stack.languages.wording import doubt, listed, note
from devgem.stack.provider import Answer

DEFAULT = "1"
"""The newest stable release: every older edition and minimum version builds with it."""
_HOME = "/deps/cargo"

# What shows that a crate's server is told to listen.
_LISTENS: Mapping[str, str] = {
    "loco-rs": r"\bcli::main::<",
    "axum": r"\baxum::(?:serve|Server)\b|\bserve\(\s*\w*listener|\baxum_server::|\bServer::bind\(",
    "actix-web": r"\bHttpServer::new\(",
    "rocket": r"#\[(?:rocket::)?(?:launch|main)\]|\brocket::(?:build|ignite|custom|execute)\(",
    "warp": r"\bwarp::serve\(",
    "poem": r"\bServer::new\(",
    "salvo": r"\bServer::new\(",
    "ntex": r"\bHttpServer::new\(",
    "tide": r"\btide::(?:new|with_state)\(",
    "gotham": r"\bgotham::start\(",
    "tiny_http": r"\bServer::https?\(",
    "rouille": r"\bstart_server\(",
    "hyper": r"\bhttp[12]::Builder::new\(|\bServer::bind\(|\bauto::Builder::new\(",
    "viz": r"\bserve\(",
}
_OTHER_PROTOCOL = r"\b(?:TcpListener|UdpSocket)::bind\(|\bServer::builder\("
_READS = (
    r"\b(?:env::)?var(?:_os)?\(\s*\"NAME\"",
    r"#\[(?:arg|clap)\([^\]]*env\s*=\s*\"NAME\"",
    r"\bparse_env\w*\(\s*\"NAME\"",
)
_BINDS = (
    r"\"(?P<host>[\w.\[\]:]*):(?P<port>\d{2,5})\"",
    r"\(\s*\[\s*(?P<host>\d+,\s*\d+,\s*\d+,\s*\d+)\s*\]\s*,\s*(?P<port>\d{2,5})\s*\)",
    r"\(\s*\"(?P<host>[\w.:]+)\"\s*,\s*(?P<port>\d{2,5})\s*\)",
    r"unwrap_or(?:_else\(\|\w*\|)?\(?\s*\"?(?P<port>\d{4,5})\b",
    r"(?i)\bport\w*\s*(?::\s*u16)?\s*[=:]\s*(?P<port>\d{2,5})\b",
)
_ELSEWHERE: Mapping[str, str] = {
    "shuttle-runtime": "is written for Shuttle's platform, which starts it",
    "tauri": "is a desktop app",
    "leptos": "is a Leptos app, which cargo-leptos builds",
    "dioxus": "is a Dioxus app, which its own tool builds",
    "yew": "is a Yew app, which Trunk builds for the browser",
    "worker": "is written for Cloudflare Workers",
    "lambda_http": "is written for AWS Lambda",
    "lambda_runtime": "is written for AWS Lambda",
}


@dataclass(frozen=True)
class _App:
    """A program with its package, all sources that go into it, and what shows that it serves HTTP."""

    package: Package
    program: Program
    sources: tuple[str, ...]
    framework: str | None = None
    listens: Hit | None = None


class Rust:
    language = "rust"

    async def plan(self, files: Files) -> Answer:
        workspace = await find_workspace(files)
        if workspace is None:
            return None
        packages = _packages(files, workspace)
        if not packages:
            return None
        apps = [await _app(files.root, workspace, package, one) for package in packages for one in package.programs]
        servers = _main_ones([app for app in apps if app.listens])
        chosen = servers or _main_ones(apps)
        foreign = next((p for p in packages if _elsewhere(p)), None)
        if foreign and not servers:
            return _not_here(foreign)
        if not apps:
            return _library()
        if len(chosen) > 1:
            return _ask(chosen)
        return await _plan(files.root, workspace, chosen[0])


def _packages(files: Files, workspace: Workspace) -> list[Package]:
    """Those in the folder; in the workspace's own folder its `default-members`, if it has any."""
    default = workspace.default_members if files.dir == workspace.dir else []
    inside = [p for p in workspace.packages.values() if files.dir == "." or f"{p.dir}/".startswith(f"{files.dir}/")]
    return [package for package in inside if package.dir in default] or inside


def _elsewhere(package: Package) -> str | None:
    return next((crate for crate in _ELSEWHERE if crate in package.dependencies - package.local.keys()), None)


def _not_here(package: Package) -> Unplannable:
    reason = f"{package.path}: {package.name} {_ELSEWHERE[str(_elsewhere(package))]}."
    return Unplannable(reason, "Add a Dockerfile that builds and starts it.", language="rust")


def _library() -> Unplannable:
    reason = "This is a Rust library: there is no src/main.rs and no [[bin]]."
    return Unplannable(reason, "Add src/main.rs, or choose a package with --dir.", language="rust")


def _main_ones(apps: list[_App]) -> list[_App]:
    """Of a package with several programs: `default-run`, else src/main.rs, else all."""
    kept = []
    for app in apps:
        rivals = [other for other in apps if other.package is app.package]
        default = [a for a in rivals if a.program.name == a.package.default_run]
        default = default or [a for a in rivals if a.program.path.endswith("src/main.rs")]
        if not default or app in default:
            kept.append(app)
    return kept


def _ask(apps: list[_App]) -> Unplannable:
    folders = list(dict.fromkeys(app.package.dir for app in apps))
    what = "web servers" if apps[0].listens else "programs (no web servers)"
    if len(folders) == 1:
        reason = f"{apps[0].package.path} has several {what}: {listed(app.program.name for app in apps)}."
        return Unplannable(reason, "State the one to start as `default-run` in its [package].", language="rust")
    return Unplannable(
        f"Rust {what} are in {listed(folders)}.",
        "Choose one with --dir.",
        tuple(Candidate(app.package.dir, f"Rust, {app.framework or 'no web server'}") for app in apps),
        language="rust",
    )


async def _app(root: Files, workspace: Workspace, package: Package, program: Program) -> _App:
    folders, queue = [package.dir], list(package.local.values())
    for folder in queue:
        if folder not in folders and folder in workspace.packages and not workspace.packages[folder].is_macro:
            folders.append(folder)
            queue += workspace.packages[folder].local.values()
    others = {p.path for p in package.programs if p is not program}
    sources = [program.path, *(p for f in folders for p in _sources(root, f) if p not in others and p != program.path)]
    crates = {crate for folder in folders for crate in workspace.packages[folder].dependencies}
    for crate, pattern in _LISTENS.items():
        if crate in crates and (hit := await search(root, sources, pattern)):
            return _App(package, program, tuple(sources), crate.removesuffix("-web").removesuffix("-rs"), hit)
    by_hand = await search(root, sources, SPEAKS_HTTP) and await search(root, sources, r"\bTcpListener::bind\(")
    return _App(package, program, tuple(sources), listens=by_hand or None)


def _sources(root: Files, folder: str) -> list[str]:
    view = root.below(folder)
    return [view.repo_path(p) for p in view.paths if re.match(r"(src|app|crates)/(?!.*(^|/)tests?/).*\.rs$", p)][:300]


async def _plan(root: Files, workspace: Workspace, app: _App) -> BuildPlan:
    findings = Findings(root)
    findings.add("language", "rust", app.package.path, 1)
    findings.add(
        "start", app.program.name, app.program.path, await root.line_of(app.program.path, r"fn\s+main\b|launch")
    )
    version = await _version(root, workspace, app.package, findings)
    lock = workspace.at("Cargo.lock")
    crates = (
        await locked_crates(root, workspace, app.package)
        if lock in root
        else dict.fromkeys(app.package.dependencies, 0)
    )
    vendored = {"openssl-sys"} if "openssl-src" in crates else set()
    for crate in sorted((SYSTEM.keys() & crates.keys()) - vendored):
        findings.add("system", crate, lock if lock in root else app.package.path, crates[crate] or None)
    packages = needed(SYSTEM, crates.keys() - vendored)
    reads = await find_env(root, "rust", only=app.sources)
    env = [read for read in reads if not read.name.startswith("CARGO_") and read.name not in ("OUT_DIR", "RUST_LOG")]
    program = app.program.name
    target = posixpath.relpath(workspace.at("target"), app.package.dir)
    locked = ("--locked",) if lock in root else ()
    plan = BuildPlan(
        stack=Stack("rust", app.framework, "cargo", Kind.WORKER, "rust", version),
        dir=app.package.dir,
        install=(("cargo", "fetch", *locked),) if lock in root else (),
        install_inputs=_install_inputs(root, workspace) if lock in root else (),
        deps=(_HOME,) if lock in root else (),
        build=(
            ("cargo", "build", "--release", *locked, "--bin", program),
            ("install", "-D", f"{target}/release/{program}", f"bin/{program}"),
            ("rm", "-rf", target),
        ),
        start=(f"./bin/{program}",),
        port=DEFAULT_PORT,
        build_env={"CARGO_HOME": _HOME} if lock in root else {},
        requires_build=packages.build,
        requires_run=packages.run,
        env_names=names(env),
        env_required=required_names(env),
    )
    if lock not in root:
        plan = note(plan, "There is no Cargo.lock: the newest crates are taken each time; commit it.")
    plan = await _with_sqlx(plan, root, workspace, app, crates)
    plan = await _with_address(plan, root, app, findings)
    return replace(plan, stack=replace(plan.stack, evidence=findings.all()))


async def _version(root: Files, workspace: Workspace, package: Package, findings: Findings) -> str:
    stated = await stated_toolchain(root, workspace, package)
    if stated is None:
        return DEFAULT
    findings.add("version", stated.spec, stated.path, stated.line)
    return DEFAULT if stated.spec == "stable" else stated.spec


def _install_inputs(root: Files, workspace: Workspace) -> tuple[str, ...]:
    """Cargo reads no manifest whose targets are not there, so the sources that make them up are inputs too."""
    inputs = [workspace.at("Cargo.lock"), workspace.at("Cargo.toml")]
    inputs += [workspace.at(name) for name in ("rust-toolchain.toml", "rust-toolchain", ".cargo/config.toml")]
    for package in workspace.packages.values():
        inputs += [package.path, *(program.path for program in package.programs)]
        inputs.append(posixpath.normpath(f"{package.dir}/src/lib.rs"))
    return tuple(path for path in dict.fromkeys(inputs) if path in root)


async def _with_sqlx(
    plan: BuildPlan, root: Files, workspace: Workspace, app: _App, crates: Mapping[str, int]
) -> BuildPlan:
    """sqlx checks queries against a database while it compiles, or against what `cargo sqlx prepare` has left."""
    if "sqlx" not in crates:
        return plan
    prepared = [root.has_dir(posixpath.normpath(f"{folder}/.sqlx")) for folder in (app.package.dir, workspace.dir)]
    if any(prepared) or workspace.at("sqlx-data.json") in root:
        return replace(plan, build_env={**plan.build_env, "SQLX_OFFLINE": "true"})
    checked = await search(root, app.sources, r"\bquery(?:_as|_scalar)?!\s*\(")
    if checked is None:
        return plan
    return doubt(
        plan, f"{checked.path}:{checked.line} needs a database to compile: run `cargo sqlx prepare` and commit .sqlx."
    )


async def _with_address(plan: BuildPlan, root: Files, app: _App, findings: Findings) -> BuildPlan:
    if app.listens is None:
        findings.add("kind", "worker", app.program.path, 1)
        other = await search(root, app.sources, _OTHER_PROTOCOL)
        return doubt(plan, f"{other.path}:{other.line} listens, but not for HTTP: it gets no URL.") if other else plan
    findings.add("kind", "server", app.listens.path, app.listens.line)
    if app.framework:
        line = await root.line_of(app.package.path, rf"^{app.framework}\b")
        findings.add(
            "framework", app.framework, app.package.path if line else app.listens.path, line or app.listens.line
        )
    program = f"./bin/{app.program.name}"
    plan = replace(plan, stack=replace(plan.stack, kind=Kind.SERVER))
    if app.framework == "rocket":
        start = on_port(f"ROCKET_PORT=$PORT exec {program}")
        if secrets := await root.line_of(app.package.path, r"^rocket\b.*\bsecrets\b"):
            findings.add("env_required", "ROCKET_SECRET_KEY", app.package.path, secrets)
            plan = replace(plan, env_required=(*plan.env_required, "ROCKET_SECRET_KEY"))
            plan = replace(plan, env_names=tuple(sorted({*plan.env_names, "ROCKET_SECRET_KEY"})))
        return replace(plan, start=start, port=8000, run_env={"ROCKET_ADDRESS": "0.0.0.0"})  # noqa: S104
    if app.framework == "loco":
        plan = doubt(plan, "Loco takes its port from config/production.yaml.")
        return replace(plan, start=(program, "start"), port=5150, run_env={"LOCO_ENV": "production"})
    first = [app.program.path, app.listens.path]
    address = await find_address(root, app.sources, _READS, _BINDS, first=first)
    if not address.sure:
        plan = doubt(plan, "The code does not show the port that it listens on.")
    plan = replace(plan, start=address.command((program,)), port=address.record(findings))
    return note(plan, *address.notes(root))
