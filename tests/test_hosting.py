"""The image and the service file of DevGem itself: what they name is there."""

import fnmatch
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import yaml

from devgem.config import Settings

ROOT = Path(__file__).parent.parent
OF_THE_IMAGE = {"PATH", "PYTHONUNBUFFERED"}


def stages() -> list[tuple[str, list[tuple[str, str]]]]:
    """Each stage's image and instructions."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            assert name in {"FROM", "RUN", "COPY", "ENV", "WORKDIR", "USER", "EXPOSE", "CMD"} and rest, line
            if name == "FROM":
                found.append((rest, []))
            else:
                found[-1][1].append((name, rest))
    return found


def values(instructions: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for found, rest in instructions if found == name]


def variables() -> set[str]:
    """The names of all settings in the environment."""
    return {str(field.validation_alias or f"DEVGEM_{name.upper()}") for name, field in Settings.model_fields.items()}


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a path into the build; the last line that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#"):
            parts = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
            names = [Path(part).name for part in parts] if pattern.startswith("**/") else parts
            if any(fnmatch.fnmatch(name, pattern.removeprefix("**/")) for name in names):
                sent = line.startswith("!")
    return sent


def test_the_image_is_made_of_files_that_are_there() -> None:
    names = set()
    for image, instructions in stages():
        names.add(image.partition(" AS ")[2])
        for copy in values(instructions, "COPY"):
            words = [word for word in shlex.split(copy) if not word.startswith("--")]
            origin = re.search(r"--from=(\w+)", copy)
            if origin:
                assert origin[1] in names
                continue
            for source in words[:-1]:
                assert (ROOT / source).exists(), source
                assert is_sent(source.rstrip("/")), f"{source} is kept out by .dockerignore"
    assert not is_sent(".git") and not is_sent("tests/test_hosting.py") and not is_sent("ui/node_modules")


def test_the_image_runs_without_rights_and_as_locked() -> None:
    (ui, of_ui), (_, of_build), (_, of_run) = stages()
    assert json.loads((ROOT / "ui/package.json").read_text())["scripts"]["build"] and ui.startswith("node:")
    assert any("npm ci" in command for command in values(of_ui, "RUN"))
    syncs = [command for command in values(of_build, "RUN") if "uv sync" in command]
    assert len(syncs) == 2 and all("--locked" in command and "--extra google" in command for command in syncs)
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    version = next(package["version"] for package in locked if package["name"] == "uv")
    assert f"uv=={version}" in "\n".join(values(of_build, "RUN"))
    assert values(of_run, "USER") == ["10001:10001"]
    order = [name for name, _ in of_run]
    assert order.index("USER") > max(at for at, name in enumerate(order) if name == "RUN")
    assert json.loads(values(of_run, "CMD")[0]) == ["devgem-start"]
    named = {env.partition("=")[0] for env in values(of_run, "ENV")}
    assert named - OF_THE_IMAGE <= variables()
    start = (ROOT / "deploy/start").read_text()
    assert start.startswith("#!/bin/sh\n") and "exec devgem up" in start and "PORT:-8080" in start


def test_the_service_file_names_settings_and_secrets_that_the_guide_makes() -> None:
    guide = (ROOT / "docs/hosting.md").read_text()
    service: dict[str, Any] = yaml.safe_load((ROOT / "deploy/service.yaml").read_text())
    template = service["spec"]["template"]
    container = template["spec"]["containers"][0]
    named = {env["name"] for env in container["env"]}
    assert named <= variables(), named - variables()
    for env in container["env"]:
        if "valueFrom" in env:
            secret = env["valueFrom"]["secretKeyRef"]["name"]
            assert f"secret {secret} " in guide and secret.removeprefix("devgem-") in guide
    notes = template["metadata"]["annotations"]
    assert notes["autoscaling.knative.dev/minScale"] == "1"
    assert notes["run.googleapis.com/cpu-throttling"] == "false"
    assert notes["run.googleapis.com/sessionAffinity"] == "true"
    json.loads(notes["run.googleapis.com/network-interfaces"])
    assert template["spec"]["timeoutSeconds"] == 3600
    assert container["ports"][0]["containerPort"] == 8080
    assert container["startupProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
