"""devgem.toml: what a repository's owner says goes before what is detected.

The published JSON Schema, devgem.schema.json, is made from this model; a test holds them together.
"""

import posixpath
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from devgem.domain.plan import Argv
from devgem.stack.files import BrokenManifest, Files

PATH = "devgem.toml"


def _inside(path: str) -> str:
    """A path that stays in the app's folder."""
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("must be a relative path that stays inside")
    return posixpath.normpath(path)


Inside = Annotated[str, AfterValidator(_inside)]
Commands = str | list[str]


class StaticOverride(BaseModel):
    """How a static site is served."""

    model_config = ConfigDict(extra="forbid", strict=True)

    root: Inside | None = Field(None, description="The folder with index.html, relative to the app.")
    fallback: Inside | None = Field(None, description="The page for unknown paths, with status 200.")
    not_found: Inside | None = Field(None, description="The page for unknown paths, with status 404.")


class Overrides(BaseModel):
    """devgem.toml. Every key is optional; what is not said is detected."""

    model_config = ConfigDict(extra="forbid", strict=True, title="devgem.toml")

    dir: Inside | None = Field(None, description="The app's folder. Only in the repository's root.")
    kind: Literal["server", "static", "worker"] | None = Field(None, description="What the app is.")
    version: str | None = Field(None, description='Of the language: "3.12".')
    install: Commands | None = Field(None, description="Shell commands that install the dependencies.")
    install_inputs: list[str] | None = Field(
        None, description="The files that `install` reads, relative to the repository's root; all, when not said."
    )
    build: Commands | None = Field(None, description="Shell commands that build the app. Empty: none.")
    release: Commands | None = Field(None, description="Shell commands run once per revision before it starts.")
    start: str | None = Field(None, min_length=1, description="The shell command that starts the app; use $PORT.")
    port: int | None = Field(None, ge=1, le=65535, description="Where the app listens if it does not take PORT.")
    health_path: str | None = Field(None, pattern="^/", description="Answers with 2xx or 3xx when the app is well.")
    dockerfile: Inside | Literal[False] | None = Field(
        None, description="The Dockerfile to build, relative to the app's folder; false: none, whatever is there."
    )
    requires_build: list[str] | None = Field(None, description="Debian packages for the build.")
    requires_run: list[str] | None = Field(None, description="Debian packages for the running app.")
    build_env: dict[str, str] = Field(default_factory=dict, description="Config vars of the build.")
    run_env: dict[str, str] = Field(default_factory=dict, description="Config vars of the running app.")
    env_required: list[str] | None = Field(None, description="Config vars that the app cannot live without.")
    static: StaticOverride | None = Field(None, description="How a static site is served.")


async def read_overrides(files: Files) -> Overrides:
    """Raises BrokenManifest that names the key and its line."""
    said = await files.toml(PATH)
    try:
        return Overrides.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise await _broken(files, first["loc"], first["type"], first["msg"]) from error


async def _broken(files: Files, location: tuple[int | str, ...], kind: str, message: str) -> BrokenManifest:
    keys = [str(part) for part in location if isinstance(part, str) and re.fullmatch(r"\w+", part)]
    known = set(Overrides.model_fields) | set(StaticOverride.model_fields)
    path = ".".join(keys[: next((i + 1 for i, k in enumerate(keys) if k not in known), len(keys))]) or "?"
    line = await line_of_key(files, keys)
    where = f"{files.repo_path(PATH)}:{line}" if line else files.repo_path(PATH)
    if kind == "extra_forbidden":
        names = Overrides.model_fields if len(keys) == 1 else StaticOverride.model_fields
        return BrokenManifest(f"{where}: there is no key {path!r}.", fix=f"Use one of {', '.join(names)}.")
    return BrokenManifest(f"{where}: {path!r} is wrong: {message}.", fix="See devgem.schema.json for what it may be.")


async def line_of_key(files: Files, keys: list[str]) -> int | None:
    """The line on which a key, or the table that it is in, is written."""
    patterns = [rf"^\s*\"?{re.escape(key)}\"?\s*[.=]|^\s*\[\s*{re.escape(key)}\s*[\].]" for key in keys[:2]]
    lines = [await files.line_of(PATH, pattern) for pattern in patterns]
    return next((line for line in reversed(lines) if line), None)


def commands(said: Commands | None) -> tuple[Argv, ...] | None:
    """The shell commands of a key; None when it is not there."""
    if said is None:
        return None
    texts = [said] if isinstance(said, str) else said
    return tuple(("sh", "-c", text) for text in texts if text.strip())


def json_schema() -> dict[str, Any]:
    """The schema as it is published."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Overrides.model_json_schema()}
