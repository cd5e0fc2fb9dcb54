"""Programs that Node or Bun runs: servers by what listens in their code, and workers where nothing does."""

import re
from collections.abc import Mapping
from dataclasses import replace

from devgem.domain.plan import Argv, Kind
from devgem.stack.env_names import source_paths
from devgem.stack.node.compiled import output_of
from devgem.stack.node.listening import Listener, find_listener, reachable_modules
from devgem.stack.node.manifest import MANIFEST, script_line
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.runners import FILE_SERVERS
from devgem.stack.node.scripts import commands
from devgem.stack.node.sites import Folder, site
from devgem.stack.node.start import Start

_FRAMEWORKS: Mapping[str, str] = {
    "@nestjs/core": "nestjs",
    "@adonisjs/core": "adonis",
    "@strapi/strapi": "strapi",
    "@feathersjs/feathers": "feathers",
    "@loopback/rest": "loopback",
    "@keystone-6/core": "keystone",
    "@medusajs/medusa": "medusa",
    "directus": "directus",
    "sails": "sails",
    "probot": "probot",
    "parse-server": "parse-server",
    "json-server": "json-server",
    "fastify": "fastify",
    "koa": "koa",
    "elysia": "elysia",
    "hono": "hono",
    "@hapi/hapi": "hapi",
    "restify": "restify",
    "polka": "polka",
    "h3": "h3",
    "express": "express",
    "@apollo/server": "apollo",
    "apollo-server": "apollo",
    "graphql-yoga": "graphql-yoga",
    "micro": "micro",
    "uWebSockets.js": "uwebsockets",
    "socket.io": "socket.io",
}
_NEVER_A_BUILD = ("docker", "docker-compose", "podman", "pkg", "eslint", "jest", "echo", "sls", "serverless")
_SOURCES = (".js", ".ts", ".mjs", ".mts", ".cjs", ".cts")


async def program(project: Project, start: Start) -> Shape:
    """A package by its start: files served, an app served, or work done without a web address."""
    if start.run.program and start.run.program.name in FILE_SERVERS:
        return await _files(project, start)
    listener = await listener_of(project, start)
    dependency = await _framework(project, start)
    framework = _FRAMEWORKS[dependency] if dependency else None
    shape = Shape(framework, Kind.SERVER, await _build(project, start), start.run.command, notes=start.run.notes)
    if dependency and framework:
        await project.uses("framework", framework, dependency)
    if start.run.program and start.run.program.name == "nest":
        shape = replace(shape, start=("node", await output_of(project, "src/main.ts")))
    if listener:
        return listening(project, shape, listener)
    if start.run.program:
        return replace(shape, port=_default_port(start), run_env=_addresses(start))
    where = start.run.source or start.run.command[-1]
    if dependency:
        note = f"{dependency} is a dependency, but nothing that {where} leads to was seen to listen for requests."
        return replace(shape, notes=(*shape.notes, note), sure=False)
    note = f"Nothing that {where} leads to listens for requests: a worker, without a URL."
    return replace(shape, kind=Kind.WORKER, notes=(*shape.notes, note))


async def listener_of(project: Project, start: Start) -> Listener | None:
    """What listens in the code that is started; where its source is not found, in any of the app's sources."""
    if start.run.source:
        return await find_listener(project.files, start.run.source, bun=start.is_bun)
    if start.run.program and start.run.program.name != "nest":
        return None
    for path in source_paths(project.files, _SOURCES):
        if found := await find_listener(project.files, path, deep=False):
            return found
    return None


def listening(project: Project, shape: Shape, listener: Listener) -> Shape:
    """A server with what its code says of its address."""
    project.found.add("listens", str(listener.port or "PORT"), listener.path, listener.line)
    where = f"{project.files.repo_path(listener.path)}:{listener.line}"
    notes = shape.notes
    if listener.port and listener.reads_port is False:
        notes += (f"{where} listens on {listener.port}, whatever PORT says.",)
    if listener.is_loopback:
        notes += (f"{where} listens on {listener.host} only, which nothing outside its container reaches.",)
    return replace(shape, kind=Kind.SERVER, port=listener.port or shape.port, notes=notes, static=None)


async def _framework(project: Project, start: Start) -> str | None:
    """The dependency that answers requests; of several, the one that the started code imports."""
    known = [name for name in _FRAMEWORKS if name in project.package.all]
    if start.run.source and len(known) > 1:
        used = await reachable_modules(project.files, start.run.source)
        known.sort(key=lambda name: name not in used)
    return known[0] if known else None


async def _build(project: Project, start: Start) -> tuple[Argv, ...]:
    run = commands(project.package.scripts, "build")
    if run and all(command.name in _NEVER_A_BUILD for command in run):
        return start.before
    built = project.build()
    is_compiled = start.run.source and start.run.source.endswith("ts") and start.run.command[0] == "node"
    runs_source = start.run.source in start.run.command
    if not built and not start.before and is_compiled and not runs_source and "typescript" in project.package.all:
        built = (project.manager.execute("tsc"),)
    return (*built, *start.before)


async def _files(project: Project, start: Start) -> Shape:
    """`serve -s build` and its like: the folder is served without them."""
    command = start.run.program
    assert command is not None
    folder = next(iter(command.operands("-l|-p|--listen|--port|-a|-c|--config|--cors")), ".")
    single = any(word in ("-s", "--single", "--spa") for word in command.words)
    line = await script_line(project.files, start.script or "")
    project.found.add("static_root", folder, MANIFEST, line)
    build = await _build(project, start)
    return await site(project, None, build, Folder(folder), fallback="index.html" if single else None)


def _default_port(start: Start) -> int:
    stated = start.run.program.option("-p", "--port", "-l", "--listen") if start.run.program else None
    if stated and re.fullmatch(r"\d{2,5}", stated):
        return int(stated)
    return 1337 if start.run.program and start.run.program.name in ("strapi", "sails") else 3000


def _addresses(start: Start) -> dict[str, str]:
    """Where programs that serve by themselves bind to loopback unless told otherwise."""
    everywhere = {"HOST": "0.0.0.0"}  # noqa: S104
    if start.run.program and start.run.program.name == "fastify":
        return {"FASTIFY_ADDRESS": "0.0.0.0"}  # noqa: S104
    return everywhere if start.run.program else {}
