"""Base images by runtime and version: one to build in, a smaller one to run in.

Debian 12 wherever there is one, so that names of packages mean the same everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from devgem.domain.plan import Stack
from devgem.stack.words import words

SLIM = "debian:bookworm-slim"
NGINX = "nginx:1.28-alpine"
PHP_EXTENSIONS = "COPY --from=mlocati/php-extension-installer:2 /usr/bin/install-php-extensions /usr/local/bin/"


@dataclass(frozen=True)
class Images:
    """`{v}` is the version. `parts` is how many of its numbers the image's tags carry (0: all that are stated). `setup`
    are instructions for the build stage, `run_packages` what the run image lacks. `keeps_deps` says whether the running
    app reads what `install` has made outside of /app: a compiled one does not."""

    build: str
    run: str
    parts: int = 2
    setup: tuple[str, ...] = ()
    run_packages: tuple[str, ...] = ()
    keeps_deps: bool = True


_UV = ("RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9",)
_COMPOSER = ("COPY --from=composer:2 /usr/bin/composer /usr/local/bin/composer",)
_CERTIFICATES = ("ca-certificates",)
_HUGO_DEB = (
    "https://github.com/gohugoio/hugo/releases/download/v{v}/hugo_extended_{v}_linux-$(dpkg --print-architecture).deb"
)
_HUGO = (
    "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl git"
    f" && curl -fsSL -o /tmp/hugo.deb {_HUGO_DEB} && apt-get install -y /tmp/hugo.deb && rm -rf /var/lib/apt/lists/*",
)

_BY_RUNTIME: Mapping[str, Images] = {
    "python": Images("python:{v}-slim-bookworm", "python:{v}-slim-bookworm", setup=_UV),
    "node": Images("node:{v}-bookworm", "node:{v}-bookworm-slim", parts=0),
    "bun": Images("oven/bun:{v}-debian", "oven/bun:{v}-slim", parts=0),
    "deno": Images("denoland/deno:debian-{v}", "denoland/deno:debian-{v}", parts=0),
    "go": Images("golang:{v}-bookworm", SLIM, run_packages=_CERTIFICATES, keeps_deps=False),
    "rust": Images("rust:{v}-bookworm", SLIM, parts=0, run_packages=_CERTIFICATES, keeps_deps=False),
    "ruby": Images("ruby:{v}-bookworm", "ruby:{v}-slim-bookworm", parts=0),
    "php": Images("php:{v}-cli-bookworm", "php:{v}-cli-bookworm", setup=_COMPOSER),
    "java": Images("eclipse-temurin:{v}-jdk", "eclipse-temurin:{v}-jre", parts=1, keeps_deps=False),
    "dotnet": Images("mcr.microsoft.com/dotnet/sdk:{v}", "mcr.microsoft.com/dotnet/aspnet:{v}", keeps_deps=False),
    "elixir": Images("elixir:{v}", "elixir:{v}-slim"),
    "hugo": Images(SLIM, NGINX, parts=0, setup=_HUGO),
    "static": Images(SLIM, NGINX),
}
_MAJORS: Mapping[str, str] = {"rust": "1", "bun": "1", "hugo": "0.160.1", "deno": "2.5.0"}
"""What stands for a version that no file states."""
_BY_TOOL: Mapping[tuple[str, str], str] = {
    ("java", "maven"): "maven:3.9-eclipse-temurin-{v}",
    ("java", "gradle"): "gradle:8-jdk{v}",
}


def images_for(stack: Stack) -> Images:
    """The images of a stack, versions filled in. A runtime that is not known builds on plain Debian."""
    runtime = stack.runtime or stack.language
    found = _BY_RUNTIME.get(runtime, Images(SLIM, SLIM))
    version = stack.version or _MAJORS.get(runtime, "")
    if found.parts:
        version = ".".join(version.split(".")[: found.parts])
    build = _BY_TOOL.get((runtime, stack.package_manager or ""), found.build)
    return replace(
        found,
        build=build.replace("{v}", version),
        run=found.run.replace("{v}", version),
        setup=tuple(line.replace("{v}", version) for line in found.setup),
    )


_BUILT_IN = words("""
cli common ctype curl fileinfo filter iconv json mbstring openssl pdo pdo_sqlite phar posix readline session simplexml
dom sodium sqlite3 tokenizer xml xmlreader xmlwriter zlib
""")
_BY_PACKAGE: Mapping[str, tuple[str, ...]] = {
    "php-mysql": ("mysqli", "pdo_mysql"),
    "php-pgsql": ("pdo_pgsql", "pgsql"),
    "php-sqlite3": (),
}


def split_php(packages: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """(extensions to install, other packages): Debian's php-* packages belong to Debian's PHP, not to the image's."""
    wanted = [e for p in packages if p.startswith("php-") for e in _BY_PACKAGE.get(p, (p[4:].replace("-", "_"),))]
    return sorted({e for e in wanted if e not in _BUILT_IN}), [p for p in packages if not p.startswith("php-")]
