"""Packages that are no app for a server: what they are instead, and what to do."""

import re
from dataclasses import dataclass

from devgem.stack.node.manifest import MANIFEST, key_line
from devgem.stack.node.project import Project
from devgem.stack.node.scripts import Command, parse

_STATE = 'Add a "start" script to package.json, or state start (or static) in devgem.toml.'
_DELEGATES = re.compile(
    r"(turbo|nx|lerna|wsrun|moon|lage|rush|ultra|manypkg)\b|"
    r"(npm|pnpm|yarn|bun)\b.*(-r\b|--recursive|--?w\b|--workspaces?\b|--filter|-F\b|workspaces? |-C\b|--prefix|--cwd)"
)
_FUNCTIONS = (
    "serverless",
    "aws-cdk-lib",
    "firebase-functions",
    "@google-cloud/functions-framework",
    "@azure/functions",
)


@dataclass(frozen=True)
class Refusal:
    reason: str
    fix: str


async def refusal(project: Project) -> Refusal | None:
    """Why a package cannot be deployed whatever it contains."""
    package = project.package
    if "electron" in package.all:
        await _because(project, "electron")
        return Refusal("It is a desktop program (Electron).", "Give the folder of a web app with --dir.")
    if "react-native" in package.all and not package.first("react-native-web", "next", "vite"):
        await _because(project, "react-native")
        return Refusal("It is a mobile app (React Native).", "Add react-native-web to export it for the web.")
    if package.text("engines", "vscode"):
        await _because(project, "vscode")
        return Refusal("It is an extension of VS Code.", "Give the folder of a web app with --dir.")
    if is_orchestrator(project):
        what = f"{project.workspace.stated_in} makes this the root of {len(project.workspace.members)} packages"
        return Refusal(f"{what}; it is no app itself.", "Give the folder of an app with --dir.")
    return None


def is_orchestrator(project: Project) -> bool:
    """Whether this is the root of a workspace whose scripts only run those of its members."""
    if not project.workspace.members or project.up != ".":
        return False
    run = [c for name in ("build", "start", "dev") for c in parse(project.package.scripts.get(name, ""), name)]
    return all(_delegates(command) for command in run)


def _delegates(command: Command) -> bool:
    return _DELEGATES.match(" ".join(command.words)) is not None


async def why_no_start(project: Project) -> Refusal:
    """What a package without a start looks like."""
    package = project.package
    if path := project.files.first("wrangler.toml", "wrangler.jsonc", "wrangler.json"):
        project.found.add("refused", "wrangler", path)
        return Refusal("It is a Cloudflare Worker, which runs on Cloudflare only.", _STATE)
    if found := package.first(*_FUNCTIONS):
        await _because(project, found)
        return Refusal(f"It is code for functions of another host ({found}).", _STATE)
    if package.bins():
        await _because(project, "bin")
        return Refusal("It is a command-line program: nothing in it is started as a server.", _STATE)
    if entry := next((key for key in ("main", "module", "exports") if key in package.data), None):
        await _because(project, entry)
        what = "It looks like a library: there is an entry, but no start script, and nothing listens for requests."
        return Refusal(what, _STATE)
    await _because(project, "scripts")
    return Refusal("package.json has no start script, and no framework that is known.", _STATE)


async def _because(project: Project, key: str) -> None:
    project.found.add("refused", key, MANIFEST, await key_line(project.files, key))
