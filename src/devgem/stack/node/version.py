"""The version of Node that a repository states."""

import re

from devgem.domain.plan import Evidence
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.node.manifest import MANIFEST, key_line, open_package
from devgem.stack.node.workspace import Workspace
from devgem.stack.versions import from_tool_versions, from_version_file, newest_semver, number_in

KNOWN = ("22", "24", "20", "26", "18", "23", "25", "21", "19", "16", "14", "12", "10")
"""Major versions, the preferred one first: that of a range which admits several."""
DEFAULT = KNOWN[0]
_CODENAMES = {"argon": "4", "boron": "6", "carbon": "8", "dubnium": "10", "erbium": "12", "fermium": "14",
              "gallium": "16", "hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"}  # fmt: skip


async def node_version(workspace: Workspace, app: Files, found: Findings) -> str:
    """From .nvmrc, .node-version, .tool-versions, Volta or "engines", the app's folder before the workspace's root."""
    for files in dict.fromkeys((app, workspace.files)):
        stated = await from_version_file(files, ".nvmrc", ".node-version")
        stated = stated or await from_tool_versions(files, "nodejs", "node")
        if stated and (version := _version(stated.spec)):
            found.add_evidence(Evidence("version", version, files.repo_path(stated.path), stated.line))
            return version
        package = await open_package(files)
        for keys in (("volta", "node"), ("devEngines", "runtime", "version"), ("engines", "node")):
            spec = package.text(*keys) if package else None
            if spec and (version := _version(spec)):
                line = await _line(files, keys, spec)
                found.add_evidence(Evidence("version", version, files.repo_path(MANIFEST), line))
                return version
    return DEFAULT


def _version(spec: str) -> str | None:
    """One version: as stated when exact, else the preferred major that the range admits."""
    text = spec.strip().lower()
    if text.startswith("lts"):
        return _CODENAMES.get(text.partition("/")[2], DEFAULT)
    if exact := re.fullmatch(r"[v=]?(\d+(?:\.\d+){0,2})", text):
        return exact.group(1)
    if not number_in(text):
        return DEFAULT if text in ("*", "node", "stable", "latest", "current") else None
    return newest_semver(text.replace(".x", ""), KNOWN) or number_in(text)


async def _line(files: Files, keys: tuple[str, ...], spec: str) -> int | None:
    return await files.line_of(MANIFEST, rf'"{keys[-1]}"\s*:\s*"{re.escape(spec)}"') or await key_line(files, keys[0])
