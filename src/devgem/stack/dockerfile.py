"""Writes the Dockerfile of a plan.

Two stages: one that installs and builds, one with what the running app needs. The lock files are copied and installed
before the rest of the sources, so that an unchanged lock is never installed again. Nothing needs BuildKit (no
`# syntax=`, no heredoc, no --mount unless asked for): the classic builder, BuildKit, buildah and kaniko all take it.
The same plan gives the same text.
"""

import json
import posixpath
import shlex
from collections.abc import Iterable, Mapping, Sequence

from devgem.domain.plan import Argv, BuildPlan, Kind
from devgem.stack.images import NGINX, PHP_EXTENSIONS, Images, images_for, split_php
from devgem.stack.nginx import nginx_conf

USER_ID = 10001
VENV = "/deps/venv"
_PYTHON_ENV = {"VIRTUAL_ENV": VENV, "UV_PROJECT_ENVIRONMENT": VENV, "PATH": f"{VENV}/bin:$PATH"}


def dockerfile(plan: BuildPlan, *, cache_mounts: bool = False) -> str:
    """The text. `cache_mounts` keeps the package managers' caches between builds (BuildKit and buildah only)."""
    images = images_for(plan.stack)
    lines = [f"# {_title(plan)}"]
    if plan.static:
        lines += [*_build_stage(plan, images, cache_mounts), *_collect_site(plan), "", *_static_stage(plan)]
    else:
        lines += [*_build_stage(plan, images, cache_mounts), "", *_run_stage(plan, images)]
    return "\n".join(lines) + "\n"


def dockerignore() -> str:
    """What must not get into an image: history, secrets, and what the build makes itself."""
    return "\n".join(_IGNORED) + "\n"


_IGNORED = (
    ".git",
    "**/.env",
    "**/.env.*",
    "!**/.env.example",
    "**/*.pem",
    "**/node_modules",
    "**/.venv",
    "**/venv",
    "**/__pycache__",
    "**/.pytest_cache",
    "**/.mypy_cache",
    "**/.next",
    "**/.DS_Store",
)


def _title(plan: BuildPlan) -> str:
    stack = plan.stack
    parts = [stack.framework or stack.language, f"{stack.runtime} {stack.version}".strip(), stack.package_manager]
    health = f"; answers on {plan.health_path} when well" if plan.health_path else ""
    return ", ".join(part for part in parts if part) + health


def _build_stage(plan: BuildPlan, images: Images, cache_mounts: bool) -> list[str]:
    workdir = posixpath.normpath(f"/app/{plan.dir}")
    lines = [f"FROM {images.build} AS build"]
    lines += [*images.setup, *_needs(plan, plan.requires_build)]
    lines += _env({**(_PYTHON_ENV if VENV in plan.deps else {}), **plan.build_env})
    lines.append(f"WORKDIR {workdir}")
    if plan.install:
        lines += _copies(plan.install_inputs)
        lines += [_run(command, cache_mounts) for command in plan.install]
    lines.append("COPY . /app")
    lines += [_run(command, cache_mounts) for command in plan.build]
    return lines


def _run_stage(plan: BuildPlan, images: Images) -> list[str]:
    lines = [f"FROM {images.run}", *_needs(plan, (*images.run_packages, *plan.requires_run))]
    lines.append(f"RUN useradd --uid {USER_ID} --create-home app")
    python = {name: _PYTHON_ENV[name] for name in ("VIRTUAL_ENV", "PATH")} if VENV in plan.deps else {}
    lines += _env({**python, **plan.run_env, **({"PORT": str(plan.port)} if plan.stack.kind is Kind.SERVER else {})})
    lines.append(f"WORKDIR {posixpath.normpath(f'/app/{plan.dir}')}")
    kept = plan.deps if images.keeps_deps else ()
    lines += [f"COPY --from=build {path} {path}" for path in kept if path.startswith("/")]
    for path in plan.artifacts or (".",):
        full = posixpath.normpath(f"/app/{path}")
        lines.append(f"COPY --from=build --chown={USER_ID}:{USER_ID} {_words(full, full)}")
    lines.append(f"USER {USER_ID}:{USER_ID}")
    if plan.stack.kind is Kind.SERVER:
        lines.append(f"EXPOSE {plan.port}")
    if plan.start:
        lines.append(f"CMD {json.dumps(list(plan.start))}")
    return lines


def _collect_site(plan: BuildPlan) -> list[str]:
    """Puts the site at /site, wherever the build has left it, without files that begin with a dot."""
    assert plan.static is not None
    if plan.static.root is not None:
        return [f"RUN cp -r {shlex.quote(plan.static.root)} /site"]
    places = " ".join(shlex.quote(place) for place in plan.static.candidates)
    missing = f"echo No index.html in any of: {places} >&2; exit 1"
    return [f'RUN for d in {places}; do if [ -f "$d/index.html" ]; then cp -r "$d" /site; exit 0; fi; done; {missing}']


def _static_stage(plan: BuildPlan) -> list[str]:
    assert plan.static is not None
    conf = " ".join(shlex.quote(line) for line in nginx_conf(plan.static))
    start = "sed s/__PORT__/$PORT/ /etc/nginx/site.conf > /tmp/nginx.conf && exec nginx -c /tmp/nginx.conf"
    return [
        f"FROM {NGINX}",
        f"RUN printf '%s\\n' {conf} > /etc/nginx/site.conf",
        "COPY --from=build /site /site",
        f"ENV PORT={plan.port}",
        f"USER {USER_ID}:{USER_ID}",
        f"EXPOSE {plan.port}",
        "ENTRYPOINT []",
        f"CMD {json.dumps(['sh', '-c', start])}",
    ]


def _needs(plan: BuildPlan, packages: tuple[str, ...]) -> list[str]:
    """The Debian packages, and for the official PHP images, which have a PHP of their own, its extensions."""
    if plan.stack.runtime != "php":
        return _packages(packages)
    extensions, others = split_php(packages)
    install = [PHP_EXTENSIONS, f"RUN install-php-extensions {' '.join(extensions)}"] if extensions else []
    return [*_packages(others), *install]


def _packages(names: Iterable[str]) -> list[str]:
    wanted = " ".join(sorted(set(names)))
    if not wanted:
        return []
    install = f"apt-get install -y --no-install-recommends {wanted}"
    return [f"RUN apt-get update && {install} && rm -rf /var/lib/apt/lists/*"]


def _env(values: Mapping[str, str]) -> list[str]:
    return [f"ENV {name}={_env_value(value)}" for name, value in values.items()]


def _env_value(value: str) -> str:
    if value and all(c.isalnum() or c in "/.:_-$@+,*" for c in value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _copies(paths: Sequence[str]) -> list[str]:
    """One COPY per folder, since COPY of several files flattens them into one."""
    folders: dict[str, list[str]] = {}
    for path in sorted(paths):
        folders.setdefault(posixpath.dirname(path), []).append(path)
    return [f"COPY {_words(*files, posixpath.join('/app', folder, ''))}" for folder, files in folders.items()]


def _words(*words: str) -> str:
    """The operands of COPY; as JSON where a name has a space or a bracket."""
    if any(set(word) & set(" []\"'\\") for word in words):
        return json.dumps(list(words))
    return " ".join(words)


_CACHES = {"uv": "/root/.cache/uv", "npm": "/root/.npm", "go": "/go/pkg/mod", "cargo": "/usr/local/cargo/registry"}


def _run(command: Argv, cache_mounts: bool) -> str:
    cache = _CACHES.get(command[0]) if cache_mounts else None
    mount = f"--mount=type=cache,target={cache} " if cache else ""
    is_shell = command[:2] == ("sh", "-c") and len(command) == 3
    text = command[2] if is_shell else shlex.join(command)
    if "\n" in text or text.endswith("\\") or "<<" in text:
        return f"RUN {mount}{json.dumps(list(command))}"
    return f"RUN {mount}{text}"
