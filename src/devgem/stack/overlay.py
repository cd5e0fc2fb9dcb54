"""Lays what a repository states over what was detected: Procfile, app.json, devgem.toml, then its Dockerfile.

A Dockerfile is always respected: the plan names it, and a cloud that builds containers builds it. The process runtime
cannot, and runs the detected plan instead; so the plan carries both. Where nothing but the Dockerfile is recognised,
the language is `docker` and there is no start: the process runtime says that it needs a container engine.
"""

from dataclasses import replace

from devgem.domain.plan import Argv, BuildPlan, Evidence, Kind, Stack, StaticSite, Unplannable
from devgem.stack.app_json import PATH as APP_JSON
from devgem.stack.app_json import AppJson, read_app_json
from devgem.stack.docker import Dockerfile, development_dockerfiles, find_dockerfile, read_dockerfile
from devgem.stack.files import Files
from devgem.stack.overrides import PATH as DEVGEM_TOML
from devgem.stack.overrides import Overrides, commands, line_of_key
from devgem.stack.procfile import PATH as PROCFILE
from devgem.stack.procfile import Procfile, read_procfile, shell_start
from devgem.stack.provider import Answer, NoStart

_NOTHING = "Nothing here is of a kind that DevGem knows."
_ADD = "Add a Dockerfile, or the manifest of a language (requirements.txt, package.json, go.mod, ...), or index.html."


async def overlay(files: Files, answer: Answer, overrides: Overrides) -> BuildPlan | Unplannable:
    """The plan in the end, or why there is none."""
    plan = _base(files, answer)
    plan = with_procfile(files, plan, await read_procfile(files))
    plan = with_app_json(files, plan, await read_app_json(files))
    plan = await with_overrides(files, plan, overrides)
    plan = await _with_own_dockerfile(files, plan, answer, overrides)
    if plan.start or plan.static or plan.dockerfile:
        return plan
    if isinstance(answer, Unplannable):
        return answer
    if isinstance(answer, NoStart):
        return Unplannable(answer.reason, answer.fix, language=plan.stack.language, evidence=plan.stack.evidence)
    spare = development_dockerfiles(files)
    fix = f"{spare[0]} looks like one for development: name the one to deploy Dockerfile." if spare else _ADD
    return Unplannable(_NOTHING, fix)


def _base(files: Files, answer: Answer) -> BuildPlan:
    match answer:
        case BuildPlan():
            return answer
        case NoStart(plan=plan):
            return plan
    return BuildPlan(stack=Stack(language=(answer and answer.language) or "unknown", confidence="low"), dir=files.dir)


def state(
    plan: BuildPlan, claim: str, value: str, path: str, line: int | None, *, kind: Kind | None = None
) -> BuildPlan:
    """The plan with evidence that takes the place of any earlier one for the same claim. `path` is the repository's."""
    kept = tuple(e for e in plan.stack.evidence if e.claim != claim)
    stack = replace(plan.stack, evidence=(*kept, Evidence(claim, value, path, line)), kind=kind or plan.stack.kind)
    return replace(plan, stack=stack)


def with_procfile(files: Files, plan: BuildPlan, procfile: Procfile) -> BuildPlan:
    main, release = procfile.main, procfile.named("release")
    path = files.repo_path(PROCFILE)
    if main is None:
        return plan
    if plan.stack.language == "static":
        note = f"{path}:{main.line} is not used: DevGem serves the files itself."
        return replace(plan, notes=(*plan.notes, note))
    kind = Kind.SERVER if main.name == "web" else Kind.WORKER
    plan = state(plan, "start", main.command, path, main.line)
    plan = state(plan, "kind", kind.value, path, main.line, kind=kind)
    if main.fixed_port:
        plan = state(plan, "port", str(main.fixed_port), path, main.line)
    notes = [f"{path}:{p.line} {p.name!r} is not started: an app here runs one process." for p in procfile.others]
    return replace(
        plan,
        start=_on_path(plan, main.start),
        static=None,
        port=main.fixed_port or plan.port,
        release=(("sh", "-c", release.command),) if release else plan.release,
        notes=(*plan.notes, *notes),
    )


def _on_path(plan: BuildPlan, start: Argv) -> Argv:
    """Go's buildpack puts the program into bin and bin on PATH, and Procfiles name it so."""
    if plan.stack.language != "go":
        return start
    return ("sh", "-c", f'export PATH="$PWD/bin:$PATH"; {start[-1]}')


def with_app_json(files: Files, plan: BuildPlan, said: AppJson) -> BuildPlan:
    if said.port:
        plan = state(plan, "port", str(said.port), files.repo_path(APP_JSON), None)
    required = (set(plan.env_required) | set(said.required)) - set(said.defaults)
    return replace(
        plan,
        port=said.port or plan.port,
        run_env={**plan.run_env, **said.defaults},
        env_names=tuple(sorted({*plan.env_names, *said.names})),
        env_required=tuple(sorted(required)),
        notes=(*plan.notes, *said.notes),
    )


async def with_overrides(files: Files, plan: BuildPlan, said: Overrides) -> BuildPlan:
    path = files.repo_path(DEVGEM_TOML)

    async def stated(plan: BuildPlan, key: str, value: object) -> BuildPlan:
        return state(plan, key, str(value), path, await line_of_key(files, [key]))

    for claim in ("version", "install", "build", "start", "port", "health_path"):
        value = getattr(said, claim)
        if value is not None:
            plan = await stated(plan, claim, value)
    if said.static and said.static.root:
        plan = await stated(plan, "static", said.static.root)
    kind = _kind(said)
    if kind:
        key = "kind" if said.kind else "static" if said.static else "start"
        plan = state(plan, "kind", kind.value, path, await line_of_key(files, [key]), kind=kind)
    install, build, release = commands(said.install), commands(said.build), commands(said.release)
    if install is not None:
        inputs = said.install_inputs if said.install_inputs is not None else [files.repo_path(p) for p in files.paths]
        plan = replace(plan, install=install, install_inputs=tuple(inputs))
    return replace(
        plan,
        stack=replace(plan.stack, version=said.version or plan.stack.version),
        build=plan.build if build is None else build,
        release=plan.release if release is None else release,
        start=shell_start(said.start) if said.start else None if said.static else plan.start,
        static=_static(plan, said),
        port=said.port or plan.port,
        health_path=said.health_path or plan.health_path,
        build_env={**plan.build_env, **said.build_env},
        run_env={**plan.run_env, **said.run_env},
        requires_build=plan.requires_build if said.requires_build is None else tuple(said.requires_build),
        requires_run=plan.requires_run if said.requires_run is None else tuple(said.requires_run),
        env_required=plan.env_required if said.env_required is None else tuple(sorted(said.env_required)),
        env_names=tuple(sorted({*plan.env_names, *(said.env_required or ())})),
    )


def _kind(said: Overrides) -> Kind | None:
    if said.kind:
        return Kind(said.kind)
    return Kind.STATIC if said.static else Kind.SERVER if said.start else None


def _static(plan: BuildPlan, said: Overrides) -> StaticSite | None:
    if said.static is None:
        return None if said.start else plan.static
    found = plan.static or StaticSite(root=".")
    return StaticSite(
        root=said.static.root or found.root,
        candidates=() if said.static.root else found.candidates,
        fallback=said.static.fallback or found.fallback,
        not_found=said.static.not_found or found.not_found,
    )


async def _with_own_dockerfile(files: Files, plan: BuildPlan, answer: Answer, said: Overrides) -> BuildPlan:
    path = None if said.dockerfile is False else said.dockerfile or find_dockerfile(files)
    if path is None:
        return plan
    own = await read_dockerfile(files, path)
    is_known = isinstance(answer, NoStart | Unplannable)
    if is_known and "/" in path and not said.dockerfile and not (own.is_server and own.starts):
        return plan  # one that packages or tests a library, not one that runs an app
    where = files.repo_path(path)
    plan = state(plan, "dockerfile", where, where, 1)
    if own.port and not said.port:
        plan = replace(state(plan, "port", str(own.port), where, own.port_line), port=own.port)
    if plan.start or plan.static:
        note = f"{where} is used where containers are built; elsewhere the detected plan is."
        return replace(plan, dockerfile=where, notes=(*plan.notes, note))
    return _only_docker(plan, own, where, answer)


def _only_docker(plan: BuildPlan, own: Dockerfile, where: str, answer: Answer) -> BuildPlan:
    if own.base:
        plan = state(plan, "image", own.base, where, own.base_line)
    if own.start:
        plan = state(plan, "start", own.start, where, own.start_line)
    # a program that is no server by its own files, in an image that shows no port, is none
    kind = Kind.WORKER if isinstance(answer, NoStart) and not own.is_server else Kind.SERVER
    plan = state(plan, "kind", kind.value, where, own.port_line or own.start_line)
    notes = [] if own.starts else [f"{where} has neither CMD nor ENTRYPOINT: its base image must start the app."]
    if not own.is_server and kind is Kind.SERVER:
        notes.append(f"{where} EXPOSEs no port: 8080 is taken to be it, and given as PORT.")
    if isinstance(answer, NoStart | Unplannable):
        notes.append(answer.reason)
    stack = replace(
        plan.stack,
        language="docker",
        framework=None,
        package_manager=None,
        kind=kind,
        runtime="docker",
        version="",
        confidence="high" if own.is_server and own.starts and "/" not in own.path else "low",
    )
    return BuildPlan(
        stack=stack,
        dir=plan.dir,
        port=plan.port,
        health_path=plan.health_path,
        run_env=plan.run_env,
        env_names=plan.env_names,
        env_required=plan.env_required,
        dockerfile=where,
        notes=(*plan.notes, *notes),
    )
