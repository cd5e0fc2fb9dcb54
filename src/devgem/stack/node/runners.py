"""Turns a command of a script into the one that is run in production: `nodemon src/app.ts` into `node dist/app.js`."""

import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from devgem.domain.plan import Argv
from devgem.stack.node.compiled import output_of, source_of
from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project
from devgem.stack.node.scripts import Command, parse

_TYPED = ("tsx", "ts-node", "ts-node-esm", "esno", "jiti", "babel-node", "vite-node")
_WATCHERS = ("nodemon", "ts-node-dev", "tsnd", "node-dev", "supervisor")
_KEEPERS = ("pm2", "pm2-runtime", "forever")
_RUNNERS = ("node", "bun", *_KEEPERS, *_TYPED, *_WATCHERS)
_NO_START = ("-e", "-p", "--eval", "install", "i", "test", "x", "build", "init", "--version")
_WITH_VALUE = (
    r"-[weidCPrnx]|"
    r"--(watch|ext|ignore|delay|signal|config|project|require|import|loader|name|tsconfig|exec)"
)

SERVERS: Mapping[str, tuple[str, ...]] = {
    "astro": ("preview",),
    "blitz": ("start",),
    "directus": ("start",),
    "fastify": ("start",),
    "functions-framework": (),
    "gatsby": ("serve",),
    "json-server": (),
    "keystone": ("start",),
    "medusa": ("start",),
    "micro": (),
    "n8n": ("start",),
    "nest": ("start",),
    "next": ("start",),
    "node-red": (),
    "nuxt": ("start", "preview"),
    "probot": ("run",),
    "react-router-serve": (),
    "remix-serve": (),
    "sails": ("lift",),
    "srvx": (),
    "strapi": ("start",),
    "vinxi": ("start",),
    "waku": ("start",),
}
"""Programs that serve an app in production, with the word that makes them do so."""
OF_FRAMEWORKS = ("next", "nuxt", "astro", "gatsby", "react-router-serve", "remix-serve", "vinxi")
"""Those that serve nothing but what their framework has built."""
FILE_SERVERS = ("serve", "http-server", "sirv", "superstatic", "live-server", "lite-server", "local-web-server")


@dataclass(frozen=True)
class Run:
    """`source` is the file of the tree whose code runs, when it was found; else `program` serves by itself. `adapted`
    says that the script's own words are for development."""

    command: Argv
    env: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    program: Command | None = None
    adapted: bool = False
    notes: tuple[str, ...] = ()


def starts_something(command: Command) -> bool:
    """Whether a command runs an entry file or a server, and goes on."""
    if command.name in (*_RUNNERS, *FILE_SERVERS):
        return not any(word in _NO_START for word in command.words[1:2])
    wanted = SERVERS.get(command.name)
    return wanted is not None and (not wanted or any(word in wanted for word in command.words[1:2]))


async def production_run(project: Project, command: Command) -> Run | None:
    """The command to run; None when what it runs cannot be told."""
    if command.name not in _RUNNERS:
        return Run(await _argv(project, command, command.words), command.env, program=command)
    if command.name in _WATCHERS and (inner := command.option("--exec", "-x")):
        entry = next(reversed(command.operands(_WITH_VALUE)), "")
        called = parse(f"{inner} {entry}", command.script)
        run = (
            await production_run(project, replace(called[0], env={**command.env, **called[0].env})) if called else None
        )
        return replace(run, adapted=True) if run else None
    words, adapted = await _once(project, command)
    words, notes = _without_env_file(project, words)
    entry_path = await _entry(project, words)
    if entry_path is None:
        return None
    source = await source_of(project, posixpath.normpath(posixpath.join(command.cwd, entry_path)))
    if adapted and source and source.endswith("ts") and words[0] != "bun" and "build" in project.package.scripts:
        words = ("node", await output_of(project, source))
    return Run(await _argv(project, command, words), command.env, source, None, adapted, notes)


async def _once(project: Project, command: Command) -> tuple[Argv, bool]:
    """The same run without a watcher or keeper around it, and whether it was watched."""
    if command.name in _KEEPERS:
        entry = next((word for word in command.operands(_WITH_VALUE) if word != "start"), ".")
        return ("node", await _kept(project, entry)), False
    if command.name in _WATCHERS:
        entry = next(iter(command.operands(_WITH_VALUE)), ".")
        return (typed_runner(project, entry), entry), True
    rest = tuple(word for word in command.words[1:] if not re.match(r"--(watch|hot|inspect)\b", word))
    watched = len(rest) < len(command.words) - 1 or rest[:1] == ("watch",)
    return (command.name, *(rest[1:] if rest[:1] == ("watch",) else rest)), watched


def typed_runner(project: Project, entry: str) -> str:
    """What runs a source file: Node, or for TypeScript what the project has for it."""
    if not entry.endswith("ts"):
        return "node"
    return project.package.first("tsx", "ts-node") or ("ts-node" if "ts-node-dev" in project.package.all else "node")


def _without_env_file(project: Project, words: Argv) -> tuple[Argv, tuple[str, ...]]:
    """Node stops when the file of --env-file is missing, and it is not kept in repositories."""

    def is_there(word: str) -> bool:
        match = re.match(r"--env-file=(.+)", word)
        return not match or posixpath.normpath(match[1]) in project.files

    kept = tuple(word for word in words if is_there(word))
    missing = next((word.partition("=")[2] for word in words if not is_there(word)), None)
    return kept, (f"{missing} is not in the repository: set what it holds as config vars.",) if missing else ()


async def _kept(project: Project, entry: str) -> str:
    """The program that a keeper is given, or its configuration states (https://pm2.keymetrics.io)."""
    if not re.search(r"(ecosystem|pm2|process)[\w.-]*\.c?js(on)?$", entry):
        return entry
    code = Code(await project.files.text(posixpath.normpath(entry)), entry)
    stated = [setting.value.strip("'\"`") for setting in code.entries if setting.path[-1] == "script"]
    return stated[0] if stated else entry


async def _entry(project: Project, words: Argv) -> str | None:
    """The file that a runner's words name."""
    operands = [word for word in Command(words, "").operands(_WITH_VALUE) if word != "run"]
    entry = operands[0] if operands else None
    if entry in (".", "./"):
        entry = project.package.text("main") or "index.js"
    return posixpath.normpath(entry) if entry else None


async def _argv(project: Project, command: Command, words: Argv) -> Argv:
    """The words with the program's path. What needs a shell or another folder gets a shell."""
    program = words[0] if words[0] in ("node", "bun") else await project.program(words[0])
    if command.cwd != ".":
        return ("sh", "-c", f"cd {shlex.quote(command.cwd)} && exec {shlex.join(words)}")
    if not command.plain:
        return ("sh", "-c", " ".join(("exec", program, *words[1:])))
    return (program, *words[1:])
