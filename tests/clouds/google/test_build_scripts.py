"""The scripts of a build's steps, run as Cloud Build runs them, against a GitHub that asks for a token."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devgem.clouds.google.build_request import ARGS, TOKEN, Order, Recipes, arguments, request
from devgem.domain.app import Build, Commit, Repository
from devgem.stack.dockerfile import dockerfile, dockerignore
from tests.clouds.google.building import PLAN, SITE, environment
from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, Repo, serving_api

DOCKER = """#!/bin/sh
echo "$*" >> "$DOCKER_CALLS"
case "$*" in *bake*)
  cp /tmp/args.json "$DOCKER_CALLS.args" 2>/dev/null
  while [ "$1" != --metadata-file ]; do shift; done
  printf '{\\n  "app": {\\n    "containerimage.digest": "sha256:%064d"\\n  }\\n}\\n' 7 > "$2";;
esac
"""


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubApi]:
    work = GitRepository(tmp_path / "work")
    work.commit({"app.py": "old\n"}, "Begin")
    work.commit({"app.py": "print(1)\n"}, "Print")
    (tmp_path / "served/ada").mkdir(parents=True)
    work.bare(tmp_path / "served/ada/vault")
    with serving_api(tmp_path / "served") as server:
        server.add_repo(Repo("ada/vault", private=True))
        yield server


def head(github: GitHubApi) -> str:
    return github.git("ada/vault", "rev-parse", "HEAD").stdout.decode().strip()


def asked(github: GitHubApi, sha: str, **more: Any) -> Any:
    build = Build("dep_1", "shop", Repository(f"{github.url}/ada/vault"), Commit(sha), PLAN, **more)
    secrets = {TOKEN: "projects/p/secrets/s/versions/1", **({ARGS: "x"} if build.env else {})}
    order = Order(build, SITE, Recipes(dockerfile, dockerignore()), 600, secrets)
    return request(order)["build"]


def run(step: dict[str, Any], workspace: Path, **secret: str) -> "subprocess.CompletedProcess[str]":
    """As a step, in /workspace; its own /tmp is a folder beside it."""
    workspace.mkdir(exist_ok=True)
    private = workspace.parent / "tmp"
    private.mkdir(exist_ok=True)
    script = workspace.parent / "script"
    script.write_text(step["script"].replace("/tmp/", f"{private}/"))
    from types import SimpleNamespace

    variables = environment(SimpleNamespace(env=step["env"]))
    named = {name: value for name, value in secret.items() if name in step.get("secret_env", ())}
    env = {"PATH": os.environ["PATH"], "HOME": str(private), **variables, **named}
    return subprocess.run(["sh", str(script)], cwd=workspace, env=env, capture_output=True, text=True, check=False)


def test_a_private_commit_is_fetched_with_the_token_which_stays_nowhere(github: GitHubApi, tmp_path: Path) -> None:
    sha = head(github)
    token = github.grant("ada", "repo")
    step = asked(github, sha)["steps"][0]
    done = run(step, tmp_path / "w", DEVGEM_GIT_TOKEN=token)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "w/app.py").read_text() == "print(1)\n"
    left = b"".join(path.read_bytes() for path in (tmp_path / "w").rglob("*") if path.is_file())
    assert token not in str(step) + done.stdout + done.stderr and token.encode() not in left
    refused = run(step, tmp_path / "other")
    assert refused.returncode != 0 and "could not read Username" in refused.stderr


def test_edits_and_what_must_not_get_into_an_image_are_laid_on_it(github: GitHubApi, tmp_path: Path) -> None:
    sha = head(github)
    patch = "diff --git a/app.py b/app.py\n--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-print(1)\n+print('é $HOME')\n"
    steps = asked(github, sha, patch=patch)["steps"]
    assert run(steps[0], tmp_path / "w", DEVGEM_GIT_TOKEN=github.grant("ada", "repo")).returncode == 0
    done = run(steps[1], tmp_path / "w")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "w/app.py").read_text() == "print('é $HOME')\n"
    assert (tmp_path / "w/.dockerignore").read_text() == dockerignore()
    assert run(steps[1], tmp_path / "w").returncode != 0


def test_the_image_is_built_with_variables_in_a_file_and_its_digest_is_told(github: GitHubApi, tmp_path: Path) -> None:
    step = asked(github, head(github), env={"KEY": "hunter2"})["steps"][2]
    programs = tmp_path / "bin"
    programs.mkdir()
    calls, output = tmp_path / "calls", tmp_path / "output"
    output.mkdir()
    docker = programs / "docker"
    docker.write_text(DOCKER.replace("/tmp/", f"{tmp_path}/tmp/"))
    docker.chmod(0o755)
    extra = [f"DOCKER_CALLS={calls}", f"BUILDER_OUTPUT={output}", f"PATH={programs}:{os.environ['PATH']}"]
    step = {**step, "env": [*step["env"], *extra]}
    done = run(step, tmp_path / "w", DEVGEM_ARGS=arguments({"KEY": "hunter2"}))
    assert done.returncode == 0, done.stderr
    assert (output / "output").read_text().strip() == f"sha256:{7:064}"
    said = calls.read_text()
    assert "bake --file" in said and "hunter2" not in said + done.stdout + done.stderr
    assert "hunter2" in Path(f"{calls}.args").read_text()
