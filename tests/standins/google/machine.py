"""A machine of Cloud Build and Cloud Run that does what it is told, as far as it goes without an engine for containers.

The steps that fetch and prepare are run for real, in a folder of their own. Of the step that builds, the Dockerfile is
read and its last command taken; a revision runs that command on the files, as a process that answers at PORT.
"""

import asyncio
import base64
import gzip
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from tests.standins.google.artifact_registry import ArtifactRegistry
from tests.standins.google.build import CloudBuild, Script
from tests.standins.google.logging import Logging
from tests.standins.google.peer import Peer
from tests.standins.google.run import Image, Running
from tests.standins.google.secret_manager import SecretManager

_START_SECONDS = 60.0


class Machine(CloudBuild):
    """`made` are the images, by digest; `runs` are the processes, by revision."""

    def __init__(
        self, folder: Path, registry: ArtifactRegistry, peer: Peer, logging: Logging, secrets: SecretManager
    ) -> None:
        super().__init__(peer, logging, secrets)
        self._folder = folder
        self._registry = registry
        self.made: dict[str, Image] = {}
        self.runs: dict[str, tuple[subprocess.Popen[bytes], int]] = {}

    def _end(self, build: Any, script: Script) -> None:
        if script.status != "SUCCESS":
            super()._end(build, script)
            return
        workspace = self._folder / build.id / "workspace"
        workspace.mkdir(parents=True)
        for number, step in enumerate(build.steps[:2]):
            done = _run(step, workspace)
            if done.returncode:
                super()._end(build, Script("FAILURE", step=number, lines=done.stderr.splitlines()))
                return
        super()._end(build, script)
        digest = next(digest for digest, found in self.images.items() if found is build)
        self._registry.push(_pushed(_target(build.steps[2])["tags"][0], digest))
        self.made[digest] = Image(lambda running, request: self._answer(workspace, build, running, request))

    async def _answer(self, workspace: Path, build: Any, running: Running, request: web.Request) -> web.StreamResponse:
        if running.name not in self.runs:
            self.runs[running.name] = _start(workspace, _command(build.steps[2], workspace), running.env)
        _, port = self.runs[running.name]
        async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.request(request.method, f"http://127.0.0.1:{port}{request.path_qs}") as found:
                        return web.Response(status=found.status, body=await found.read())
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)

    def close(self) -> None:
        for process, _ in self.runs.values():
            process.kill()
            process.wait()


def _run(step: Any, workspace: Path) -> "subprocess.CompletedProcess[str]":
    private = workspace.parent / "tmp"
    private.mkdir(exist_ok=True)
    script = workspace.parent / step.id
    script.write_text(step.script.replace("/tmp/", f"{private}/"))
    env = {"PATH": os.environ["PATH"], "HOME": str(private), **_variables(step)}
    return subprocess.run(["sh", str(script)], cwd=workspace, env=env, capture_output=True, text=True, check=False)


def _variables(step: Any) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in step.env)
    return {name: value.replace("$$", "$") for name, _, value in pairs}


def _target(step: Any) -> dict[str, Any]:
    pieces = {name: value for name, value in _variables(step).items() if name.startswith("DEVGEM_BAKE_")}
    packed = "".join(pieces[name] for name in sorted(pieces, key=lambda name: int(name.rsplit("_", 1)[1])))
    target: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))["target"]["app"]
    return target


def _pushed(tag: str, digest: str) -> str:
    """The full name of the image that `<region>-docker.pkg.dev/<project>/<repository>/<image>:<tag>` names."""
    host, project, repository, image = tag.rpartition(":")[0].split("/", 3)
    parent = f"projects/{project}/locations/{host.removesuffix('-docker.pkg.dev')}/repositories/{repository}"
    return f"{parent}/dockerImages/{quote(image, safe='')}@{digest}"


def _command(step: Any, workspace: Path) -> list[str]:
    target = _target(step)
    text = target.get("dockerfile-inline") or (workspace / target["context"] / target["dockerfile"]).read_text()
    command: list[str] = json.loads(re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)[-1])
    return command


def _start(workspace: Path, command: list[str], env: dict[str, str]) -> "tuple[subprocess.Popen[bytes], int]":
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(workspace.parent), **env, "PORT": str(port)}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=workspace, env=environ, stdin=quiet, stdout=quiet, stderr=quiet), port
