"""Plans Node and Bun programs, and sites made with their tools."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from devgem.domain.plan import BuildPlan, Candidate, Kind, Stack, Unplannable
from devgem.stack.env_names import names, required_names
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.monorepo import summary
from devgem.stack.node.bun import as_bun
from devgem.stack.node.decisive import show_kind
from devgem.stack.node.deno import is_deno
from devgem.stack.node.env import baked_note, node_env
from devgem.stack.node.frameworks import (
    angular,
    astro,
    bundled,
    generators,
    nextjs,
    nitro,
    routers,
    servers,
    svelte,
    vite,
)
from devgem.stack.node.install import plan_install
from devgem.stack.node.manager import choose_manager
from devgem.stack.node.nx import nx_app, nx_apps, nx_workspace
from devgem.stack.node.prisma import prisma_generate
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.refusals import refusal, why_no_start
from devgem.stack.node.runners import OF_FRAMEWORKS
from devgem.stack.node.start import Start, find_start
from devgem.stack.node.version import node_version
from devgem.stack.node.workspace import find_workspace
from devgem.stack.provider import Answer, NoStart

Recogniser = Callable[[Project], Awaitable[Shape | Unplannable | None]]
RECOGNISERS: tuple[Recogniser, ...] = (
    nextjs.next_js,
    nitro.nuxt,
    svelte.sveltekit,
    routers.react_router,
    routers.remix,
    nitro.tanstack_start,
    astro.astro,
    nitro.other_nitro,
    angular.angular,
    generators.generator,
    vite.vite,
)
"""Frameworks before the bundlers that they are built on."""


class Node:
    language = "node"

    async def plan(self, files: Files) -> Answer:
        if apps := await nx_apps(files):
            return await self._one_of(files, apps)
        in_nx = await nx_workspace(files)
        workspace = in_nx or await find_workspace(files)
        if workspace is None or await is_deno(files):
            return None
        found = Findings(files)
        choice = await choose_manager(workspace, files, found)
        package = next((m.package for m in workspace.members if m.dir == workspace.relative(files)), workspace.package)
        project = Project(files, package, workspace, choice.manager, found)
        if refused := await refusal(project):
            return Unplannable(refused.reason, refused.fix, language=self.language, evidence=found.all())
        start = None if in_nx else await find_start(project)
        project = await as_bun(project) if start and start.is_bun else project
        shape = await nx_app(project) if in_nx else await _shape(project, start)
        if isinstance(shape, Unplannable):
            return shape
        if shape is None:
            why = await why_no_start(project)
            bare = Shape(None, Kind.UNKNOWN, project.build(), sure=False)
            return NoStart(await _assemble(project, bare, None, choice.notes), why.reason, why.fix)
        return await _assemble(project, shape, start, choice.notes)

    async def _one_of(self, files: Files, folders: tuple[str, ...]) -> Answer:
        """The only app of several folders, or the question which is meant."""
        plans = {folder: await self.plan(files.below(folder)) for folder in folders}
        apps = {folder: plan for folder, plan in plans.items() if isinstance(plan, BuildPlan)}
        if len(apps) == 1:
            return next(iter(apps.values()))
        listed = tuple(Candidate(files.repo_path(folder), summary(plan)) for folder, plan in apps.items())
        what = f"There are {len(listed)} apps of Nx in folders: {', '.join(one.dir for one in listed[:8])}."
        return Unplannable(what, "Choose one with --dir.", listed, language=self.language)


async def _shape(project: Project, start: Start | None) -> Shape | Unplannable | None:
    """A framework's answer, with a server of the project's own in front where the start script runs one."""
    answer: Shape | Unplannable | None = None
    for recognise in RECOGNISERS:
        answer = answer or await recognise(project)
    if answer is None and start and not (start.run.program and start.run.program.name in OF_FRAMEWORKS):
        return await servers.program(project, start)
    if answer is None:
        return await bundled.bundled(project)
    if isinstance(answer, Unplannable) or start is None or not (start.script and start.run.source) or start.run.adapted:
        return answer
    listener = await servers.listener_of(project, start)
    if listener is None and answer.kind is not Kind.SERVER:
        return answer
    build = (*answer.build, *start.before)
    own = replace(answer, start=start.run.command, build=build, artifacts=(), notes=(), sure=True)
    return servers.listening(project, own, listener) if listener else own


async def _assemble(project: Project, shape: Shape, start: Start | None, notes: tuple[str, ...]) -> BuildPlan:
    files, manager = project.files, project.manager
    install = await plan_install(project.workspace, manager, files)
    is_bun = bool(shape.start and shape.start[0] == "bun")
    version = manager.version if is_bun else await node_version(project.workspace, files, project.found)
    ran = start if start and shape.start == start.run.command else None
    env = await node_env(files, ran.run.source if ran else None)
    for read in env:
        if read.required:
            project.found.add("env_required", read.name, read.path, read.line)
    if ran:
        await ran.show(project)
    show_kind(project.found, shape.kind)
    serves = shape.kind is not Kind.STATIC
    legacy = _legacy_openssl(project, version)
    return BuildPlan(
        stack=Stack(
            language="bun" if is_bun else "node",
            framework=shape.framework,
            package_manager=manager.name,
            kind=shape.kind,
            runtime="bun" if is_bun else "node",
            version=version,
            confidence="high" if shape.sure else "low",
            evidence=project.found.all(),
        ),
        dir=files.dir,
        install=install.commands,
        install_inputs=install.inputs,
        deps=install.deps,
        build=(*install.first, *await prisma_generate(project), *shape.build),
        artifacts=tuple(files.repo_path(path) for path in shape.artifacts),
        release=ran.release if ran else (),
        start=shape.start,
        static=shape.static,
        port=shape.port,
        build_env={**install.env, **legacy, **shape.build_env},
        run_env={"NODE_ENV": "production", **shape.run_env, **(ran.run.env if ran else {})} if serves else {},
        requires_build=install.requires,
        requires_run=("openssl",) if serves and "@prisma/client" in project.package.all else (),
        env_names=names(env),
        env_required=required_names(env),
        notes=(*shape.notes, *notes, *install.notes, *baked_note(names(env))),
    )


def _legacy_openssl(project: Project, version: str) -> dict[str, str]:
    """webpack 4 hashes with MD4, which OpenSSL 3 (Node 17 and later) refuses unless told otherwise."""
    oldest = {"webpack": 5, "react-scripts": 5, "@vue/cli-service": 5, "nuxt": 3, "gatsby": 3, "@storybook/react": 7}
    majors = {name: project.package.major(name) for name in oldest}
    is_old = any(major is not None and major < oldest[name] for name, major in majors.items())
    is_new_node = int(version.partition(".")[0] or 0) >= 17
    return {"NODE_OPTIONS": "--openssl-legacy-provider"} if is_old and is_new_node else {}
