"""Go: modules, workspaces and cmd/ folders."""

import posixpath
import re
from dataclasses import replace

from devgem.domain.plan import Argv, BuildPlan, Candidate, Kind, Stack, Unplannable
from devgem.stack.env_names import find_env, names, required_names, source_paths
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import DEFAULT_PORT
from devgem.stack.languages.assets import REQUIRES
from devgem.stack.languages.go_modules import Modules, find_modules, stated_version
from devgem.stack.languages.go_needs import embedded_of, packages_of
from devgem.stack.languages.go_source import Main, address_of, find_mains, has_commands, serve_command
from devgem.stack.languages.wording import doubt, listed, note
from devgem.stack.provider import Answer

DEFAULT = "1.25"
_MODULE_CACHE = "/deps/go"


class Go:
    language = "go"

    async def plan(self, files: Files) -> Answer:
        modules = await find_modules(files)
        if modules is None:
            return await _without_module(files)
        everywhere = await find_mains(files, modules.folders)
        mains = [main for main in everywhere if main.module in modules.folders.values()]
        if not any(main.listens for main in mains) and any(main.listens for main in everywhere):
            mains = everywhere
        chosen = choose(mains)
        if chosen is None or chosen.module not in modules.folders.values():
            return _ask(mains) if mains else _no_program(files)
        plan = await _plan(files.root, modules, chosen)
        rivals = [main.dir for main in mains if main.listens and main is not chosen]
        return doubt(plan, f"Other servers here: {listed(rivals)}; choose one with --dir.") if rivals else plan


def choose(mains: list[Main]) -> Main | None:
    """The program that serves HTTP; of several the one in its module's own folder, which `go build` there builds.
    None when that leaves a choice."""
    serving = [main for main in mains if main.listens] or mains
    if len(serving) == 1:
        return serving[0]
    at_top = [main for main in serving if main.dir == main.module]
    return at_top[0] if len(at_top) == 1 else None


def _ask(mains: list[Main]) -> Unplannable:
    serving = [main for main in mains if main.listens] or mains
    what = "web servers" if serving[0].listens else "programs (no web servers)"
    return Unplannable(
        f"Go {what} are in {listed(main.dir for main in serving)}.",
        "Choose one with --dir.",
        tuple(Candidate(main.dir, f"Go, {main.framework or 'no web server'}") for main in serving),
        language="go",
    )


def _no_program(files: Files) -> Answer:
    if not files.first("go.mod", "go.work"):
        return None
    return Unplannable(
        "This Go module has no `package main`: it is a library.",
        "Add a main package (main.go, or cmd/<name>/main.go), or choose a folder that has one with --dir.",
        language="go",
    )


async def _without_module(files: Files) -> Answer:
    """Go files without go.mod build outside module mode as long as they need the standard library only."""
    if not any("/" not in path for path in source_paths(files, (".go",))):
        return None
    main = next((main for main in await find_mains(files, {}) if main.dir == files.dir), None)
    if main is None:
        return None
    outside = [name for name in main.imports if "." in name.partition("/")[0]]
    if outside:
        return Unplannable(
            f"{main.path} imports {outside[0]}, but there is no go.mod.",
            "Run `go mod init app && go mod tidy` and commit go.mod and go.sum.",
            language="go",
        )
    return await _plan(files.root, Modules(folders={"app": files.dir}, manifests=()), main)


async def _plan(root: Files, modules: Modules, main: Main) -> BuildPlan:
    module = root.below(_working_folder(root, main))
    findings = Findings(root)
    findings.add("language", "go", next(iter(modules.manifests), main.path), 1)
    version = await stated_version(root.below(main.module), modules.work)
    if version:
        findings.add("version", version.spec, version.path, version.line)
    vendored = "vendor/modules.txt" in root.below(main.module)
    download = bool(modules.requires) and modules.summed and not vendored
    packages = await packages_of(root, main, findings)
    env = await find_env(root, "go", only=main.sources)
    plan = BuildPlan(
        stack=Stack("go", main.framework, "go", Kind.WORKER, "go", version.spec if version else DEFAULT),
        dir=module.dir,
        install=(("go", "mod", "download"),) if download else (),
        install_inputs=modules.manifests if download else (),
        deps=(_MODULE_CACHE,) if download else (),
        build=(_compile(modules, module, main),),
        start=(f"./bin/{_name(modules, main)}",),
        port=DEFAULT_PORT,
        build_env=_build_env(modules, download=download, cgo=packages is not None),
        requires_build=packages.build if packages else (),
        requires_run=packages.run if packages else (),
        env_names=names(env),
        env_required=required_names(env),
    )
    if not modules.summed:
        plan = note(plan, "There is no go.sum, so module versions are not verified; commit it (`go mod tidy`).")
    plan = await _with_embedded(plan, root, module, main, findings)
    plan = await _with_start(plan, root, main, findings)
    return replace(plan, stack=replace(plan.stack, evidence=findings.all()))


async def _with_start(plan: BuildPlan, root: Files, main: Main, findings: Findings) -> BuildPlan:
    """The kind of program, its command, and for a server its port."""
    assert plan.start
    findings.add("start", plan.start[0], main.path, main.line)
    if main.listens is None:
        findings.add("kind", "worker", main.path, main.line)
        if main.other_protocol is None:
            return plan
        at = f"{main.other_protocol.path}:{main.other_protocol.line}"
        return doubt(plan, f"{at} listens, but not for HTTP: it gets no URL.")
    findings.add("kind", "server", main.listens.path, main.listens.line)
    if main.framework and main.using:
        findings.add("framework", main.framework, main.using.path, main.using.line)
    command: Argv = plan.start
    if serve := await serve_command(root, main):
        command = (*command, serve.value)
        findings.add("start", " ".join(command), serve.path, serve.line)
        plan = doubt(plan, f"Started with its command {serve.value!r}; a Procfile can say another.")
    elif has_commands(main):
        plan = doubt(plan, "It has subcommands, and which one serves is not plain; a Procfile can say it.")
    address = await address_of(root, main)
    if not address.sure:
        plan = doubt(plan, "The code does not show the port that it listens on.")
    return replace(
        plan,
        stack=replace(plan.stack, kind=Kind.SERVER),
        start=address.command(command),
        port=address.record(findings),
        notes=(*plan.notes, *address.notes(root)),
    )


async def _with_embedded(plan: BuildPlan, root: Files, module: Files, main: Main, findings: Findings) -> BuildPlan:
    """A front end that the program embeds is built before it."""
    embedded = await embedded_of(root, module, main, findings)
    if embedded is None:
        return plan
    if embedded.assets is None:
        return doubt(plan, f"{embedded.at} embeds {embedded.target}, which is not in the repository.")
    assets = embedded.assets
    findings.add("assets", module.repo_path(assets.path), module.repo_path(assets.path))
    plan = note(plan, f"{embedded.at} embeds {embedded.target}: the front end is built first.")
    return replace(
        plan,
        install=(*plan.install, assets.install),
        install_inputs=(*plan.install_inputs, *assets.inputs),
        deps=(*plan.deps, *assets.deps),
        build=(assets.run("build"), *plan.build),
        requires_build=(*plan.requires_build, *REQUIRES),
    )


def _working_folder(root: Files, main: Main) -> str:
    """A program of cmd/ runs in its module's folder, as with `go run ./cmd/x`; one with files of its own beside its
    code (templates, pages) where those are."""
    beside = any(not path.endswith((".go", ".md", ".mod", ".sum")) for path in root.below(main.dir).paths)
    return main.dir if beside and "cmd" not in main.dir.split("/") else main.module


def _name(modules: Modules, main: Main) -> str:
    """What `go install` would call the program."""
    if main.dir != main.module:
        return posixpath.basename(main.dir)
    path = next(name for name, folder in modules.folders.items() if folder == main.module)
    parts = [part for part in path.split("/") if not re.fullmatch(r"v\d+", part)]
    return re.sub(r"[^\w.-]", "-", parts[-1])


def _compile(modules: Modules, module: Files, main: Main) -> Argv:
    package = posixpath.relpath(main.dir, module.dir)
    target = "." if package == "." else f"./{package}"
    unsummed = () if modules.summed else ("-mod=mod",)
    return ("go", "build", *unsummed, "-ldflags=-s -w", "-o", f"bin/{_name(modules, main)}", target)


def _build_env(modules: Modules, *, download: bool, cgo: bool) -> dict[str, str]:
    env = {"CGO_ENABLED": "1" if cgo else "0"}
    if download:
        env["GOMODCACHE"] = _MODULE_CACHE
    if not modules.manifests:
        env["GO111MODULE"] = "off"
    return env
