"""Base images by runtime and version: one to build in, a smaller one to run in. Debian 12 throughout, so that names
of packages mean the same everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from devgem.domain.plan import Stack

SLIM = "debian:bookworm-slim"
NGINX = "nginx:1.28-alpine"


@dataclass(frozen=True)
class Images:
    """`{v}` is the version. `setup` are shell lines for the build stage, `ca` whether the run image lacks certificates.
    `parts` is how many numbers of a version the image's tags carry (0: all that are stated)."""

    build: str
    run: str
    parts: int = 2
    setup: tuple[str, ...] = ()
    run_packages: tuple[str, ...] = ()


_UV = ("pip install --no-cache-dir --root-user-action=ignore uv==0.13.9",)
_CERTIFICATES = ("ca-certificates",)

_BY_RUNTIME: Mapping[str, Images] = {
    "python": Images("python:{v}-slim-bookworm", "python:{v}-slim-bookworm", setup=_UV),
    "node": Images("node:{v}-bookworm", "node:{v}-bookworm-slim", parts=0),
    "bun": Images("oven/bun:{v}-debian", "oven/bun:{v}-slim", parts=0),
    "deno": Images("denoland/deno:debian-{v}", "denoland/deno:debian-{v}", parts=0),
    "go": Images("golang:{v}-bookworm", SLIM, run_packages=_CERTIFICATES),
    "rust": Images("rust:{v}-bookworm", SLIM, parts=0, run_packages=_CERTIFICATES),
    "ruby": Images("ruby:{v}-bookworm", "ruby:{v}-slim-bookworm", parts=0),
    "php": Images("php:{v}-cli-bookworm", "php:{v}-cli-bookworm"),
    "java": Images("eclipse-temurin:{v}-jdk", "eclipse-temurin:{v}-jre", parts=1),
    "dotnet": Images("mcr.microsoft.com/dotnet/sdk:{v}", "mcr.microsoft.com/dotnet/aspnet:{v}"),
    "elixir": Images("elixir:{v}", SLIM, run_packages=("ca-certificates", "libncurses6", "libstdc++6", "openssl")),
    "static": Images(SLIM, NGINX),
}
_BY_TOOL: Mapping[tuple[str, str], str] = {
    ("java", "maven"): "maven:3.9-eclipse-temurin-{v}",
    ("java", "gradle"): "gradle:8-jdk{v}",
}


def images_for(stack: Stack) -> Images:
    """The images of a stack, versions filled in. A runtime that is not known builds on plain Debian."""
    found = _BY_RUNTIME.get(stack.runtime or stack.language, Images(SLIM, SLIM))
    version = stack.version or "latest"
    if found.parts and version != "latest":
        version = ".".join(version.split(".")[: found.parts])
    build = _BY_TOOL.get((stack.runtime, stack.package_manager or ""), found.build)
    return Images(
        build.format(v=version),
        found.run.format(v=version),
        found.parts,
        found.setup,
        found.run_packages,
    )
