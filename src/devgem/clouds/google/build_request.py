"""What Cloud Build is asked for: steps that fetch the commit, lay the edits on it, and build and push the image. Pure.

Nothing is uploaded: the Dockerfile, the edits and what BuildKit is told travel inside the request, packed, and cut into
pieces that Cloud Build takes. Scripts are fixed texts; all that differs comes by the environment, where a `$` is
doubled, since Cloud Build replaces names in it.
"""

import base64
import gzip
import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from devgem.clouds.google.balancer import Site
from devgem.clouds.google.build_scripts import BUILD, FETCH, PREPARE
from devgem.clouds.google.roles import BUILD_ACCOUNT, REPOSITORY
from devgem.domain.app import Build
from devgem.domain.errors import InvalidInput
from devgem.domain.ids import parent_of
from devgem.domain.plan import BuildPlan

PIECE_CHARACTERS = 9_000
"""Cloud Build takes 10,000 characters in one value, the name and what it replaces counted."""
PIECES = 60
"""At most so many pieces of one thing; a step may have 100 variables."""
QUEUE_SECONDS = 3600
STEPS = ("Fetching the commit", "Preparing the files", "Building the image")

_GIT = "gcr.io/cloud-builders/git"
_DOCKER = "docker:28-cli"
"""Has buildx, which Google's own builder image has only in some versions."""
TOKEN, ARGS = "DEVGEM_GIT_TOKEN", "DEVGEM_ARGS"


@dataclass(frozen=True)
class Recipes:
    """How a plan becomes a Dockerfile, what must not get into an image, and where a repository is fetched from."""

    dockerfile: Callable[[BuildPlan], str]
    ignore: str
    fetched_from: Callable[[str], str] = str


@dataclass(frozen=True)
class Order:
    """A build as it is asked for. `secrets` are the full names of secret versions by the variable that they fill."""

    build: Build
    site: Site
    recipes: Recipes
    timeout_seconds: int
    secrets: Mapping[str, str] = field(default_factory=dict)


def build_tag(deployment: str) -> str:
    """What a build is found by, should its name have been lost."""
    return f"devgem-{deployment}"


def image_name(site: Site, app: str) -> str:
    """Where the images of an app are, to be followed by `:<tag>` or `@<digest>`. A preview uses those of its app. Two
    DevGems on one project do not share them."""
    return f"{site.region}-docker.pkg.dev/{site.project}/{REPOSITORY}/{site.install}/{parent_of(app) or app}"


def request(order: Order) -> dict[str, Any]:
    """The whole CreateBuildRequest. Raises InvalidInput when the edits or the Dockerfile are too large for one."""
    site, build = order.site, order.build
    return {
        "parent": f"projects/{site.project}/locations/{site.region}",
        "project_id": site.project,
        "build": {
            "steps": [_fetch(order), _prepare(order), _build(order)],
            "tags": [
                "devgem",
                build_tag(build.id),
                f"devgem-app-{build.app}",
                f"devgem-install-{site.install}",
            ],
            "timeout": {"seconds": order.timeout_seconds},
            "queue_ttl": {"seconds": QUEUE_SECONDS},
            "service_account": (
                f"projects/{site.project}/serviceAccounts/{BUILD_ACCOUNT}@{site.project}.iam.gserviceaccount.com"
            ),
            # An account of one's own needs a place for the log: Cloud Logging alone.
            "options": {"logging": "CLOUD_LOGGING_ONLY"},
            "available_secrets": {
                "secret_manager": [{"version_name": name, "env": env} for env, name in order.secrets.items()]
            },
        },
    }


def arguments(env: Mapping[str, str]) -> str:
    """The build's variables as BuildKit's bake reads them: in a file of their own, made of a secret, so that no value
    is in a command line, in the environment of the Docker client, in the request or in the log."""
    return json.dumps({"target": {"app": {"args": {name: _literal(value) for name, value in env.items()}}}})


def _fetch(order: Order) -> dict[str, Any]:
    location = order.recipes.fetched_from(order.build.repository.location)
    host = urlsplit(location)
    step: dict[str, Any] = {
        "id": "fetch",
        "name": _GIT,
        "script": FETCH,
        "env": [
            _env("DEVGEM_REPOSITORY", location),
            _env("DEVGEM_COMMIT", order.build.commit.sha),
            _env("DEVGEM_HOST", f"{host.scheme}://{host.netloc}"),
        ],
    }
    return {**step, "secret_env": [TOKEN]} if TOKEN in order.secrets else step


def _prepare(order: Order) -> dict[str, Any]:
    build = order.build
    patch = _pieces("DEVGEM_PATCH", build.patch, "edits") if build.patch else {}
    ignore = {} if build.plan.dockerfile else _pieces("DEVGEM_IGNORE", order.recipes.ignore, ".dockerignore")
    script = PREPARE.replace("{patch}", _quoted(patch)).replace("{ignore}", _quoted(ignore))
    values = [_env(name, value) for name, value in {**patch, **ignore}.items()]
    return {"id": "prepare", "name": _GIT, "script": script, "env": values}


def _build(order: Order) -> dict[str, Any]:
    bake = _pieces("DEVGEM_BAKE", json.dumps({"target": {"app": _target(order)}}), "Dockerfile")
    step: dict[str, Any] = {
        "id": "build",
        "name": _DOCKER,
        "script": BUILD.replace("{bake}", _quoted(bake)),
        "env": [_env(name, value) for name, value in bake.items()],
    }
    return {**step, "secret_env": [ARGS]} if ARGS in order.secrets else step


def _target(order: Order) -> dict[str, Any]:
    """What BuildKit makes. The cache has every layer of every stage, for this app of this DevGem alone."""
    build, image = order.build, image_name(order.site, order.build.app)
    # What a preview builds may come from anybody's pull request, and must not be taken for the app's own layers.
    apart = "-preview" if parent_of(build.app) else ""
    cache = f"type=registry,ref={image}:cache{apart}"
    target: dict[str, Any] = {
        "tags": [f"{image}:{build.id}"],
        "output": ["type=registry"],
        "platforms": ["linux/amd64"],
        "cache-from": [cache],
        "cache-to": [f"{cache},mode=max,image-manifest=true,ignore-error=true"],
        "labels": {
            **order.site.labels,
            "devgem-app": build.app,
            "org.opencontainers.image.revision": build.commit.sha,
        },
    }
    own = build.plan.dockerfile
    if own is not None:
        where = posixpath.relpath(own, build.plan.dir)
        return {**target, "context": _literal(build.plan.dir), "dockerfile": _literal(where)}
    return {**target, "context": ".", "dockerfile-inline": _literal(_dockerfile(order))}


def _dockerfile(order: Order) -> str:
    """Of the plan, with the build's variables declared; they come before what the plan itself sets."""
    build = order.build
    kept = {name: value for name, value in build.plan.build_env.items() if name not in build.env}
    text = order.recipes.dockerfile(replace(build.plan, build_env=kept))
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("FROM "))
    lines[first + 1 : first + 1] = [f"ARG {name}" for name in sorted(build.env)]
    return "\n".join(lines) + "\n"


def _pieces(name: str, text: str, what: str) -> dict[str, str]:
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    pieces = [packed[at : at + PIECE_CHARACTERS] for at in range(0, len(packed), PIECE_CHARACTERS)]
    if len(pieces) > PIECES:
        limit = PIECES * PIECE_CHARACTERS * 3 // 4 >> 10
        raise InvalidInput(
            f"the {what} of this build are {len(packed) * 3 // 4 >> 10} KiB packed, and a request to Cloud Build takes "
            f"{limit} KiB",
            fix="Publish the edits as a branch and deploy that, or make them smaller.",
            code="too_large_for_request",
        )
    return {f"{name}_{number}": piece for number, piece in enumerate(pieces)}


def _quoted(pieces: Mapping[str, str]) -> str:
    return '"' + "".join(f"${{{name}}}" for name in pieces) + '"'


def _env(name: str, value: str) -> str:
    return f"{name}={value.replace('$', '$$')}"


def _literal(text: str) -> str:
    """Bake fills in `${...}` and `%{...}` in what it reads."""
    return text.replace("${", "$${").replace("%{", "%%{")
