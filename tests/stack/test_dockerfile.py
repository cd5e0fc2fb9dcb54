import json

import pytest

from devgem.domain.plan import BuildPlan, Kind, Stack, StaticSite
from devgem.stack import dockerfile, dockerignore
from devgem.stack.images import split_php
from tests.stack.dockerfile_check import parse

FLASK = BuildPlan(
    stack=Stack(language="python", framework="flask", kind=Kind.SERVER, runtime="python", version="3.12.4"),
    install=(("uv", "venv", "/deps/venv"), ("uv", "pip", "install", "-r", "requirements.txt")),
    install_inputs=("requirements.txt",),
    deps=("/deps/venv",),
    start=("sh", "-c", "exec gunicorn --bind 0.0.0.0:${PORT:-8080} app:app"),
    requires_build=("libpq-dev", "gcc"),
    requires_run=("libpq5",),
    run_env={"GREETING": 'say "hi" \\ now'},
)


def test_the_lock_is_installed_before_the_sources_are_copied() -> None:
    build, _ = parse(dockerfile(FLASK))
    order = [text for name, text in build.instructions if name in ("COPY", "RUN")]
    assert order.index("COPY requirements.txt /app/".removeprefix("COPY ")) < order.index("uv venv /deps/venv")
    assert order.index("uv pip install -r requirements.txt") < order.index(". /app")


def test_what_builds_does_not_get_into_the_image_that_runs() -> None:
    build, run = parse(dockerfile(FLASK))
    assert any("gcc libpq-dev" in text for text in build.values("RUN"))
    assert not any("gcc" in text for text in run.values("RUN"))
    assert any("install -y --no-install-recommends libpq5" in text for text in run.values("RUN"))
    assert (build.image, run.image) == ("python:3.12-slim-bookworm", "python:3.12-slim-bookworm")


def test_values_with_quotes_and_backslashes_are_escaped() -> None:
    _, run = parse(dockerfile(FLASK))
    assert r'GREETING="say \"hi\" \\ now"' in run.values("ENV")


def test_inputs_of_several_folders_keep_their_places() -> None:
    plan = BuildPlan(
        stack=FLASK.stack,
        dir="apps/api",
        install=(("true",),),
        install_inputs=("uv.lock", "apps/api/pyproject.toml", "apps/web/pyproject.toml", "pyproject.toml", "a b.txt"),
        start=("x",),
    )
    build, run = parse(dockerfile(plan))
    copies = build.values("COPY")
    assert '["a b.txt", "pyproject.toml", "uv.lock", "/app/"]' in copies
    assert "apps/api/pyproject.toml /app/apps/api/" in copies
    assert "apps/web/pyproject.toml /app/apps/web/" in copies
    assert build.values("WORKDIR") == run.values("WORKDIR") == ["/app/apps/api"]


def test_compiled_programs_leave_their_toolchain_and_sources_behind() -> None:
    plan = BuildPlan(
        stack=Stack(language="java", kind=Kind.SERVER, runtime="java", version="21", package_manager="maven"),
        install=(("mvn", "-o"),),
        install_inputs=("pom.xml",),
        deps=("/deps/m2",),
        artifacts=("target/app.jar",),
        start=("java", "-jar", "target/app.jar"),
    )
    build, run = parse(dockerfile(plan))
    assert (build.image, run.image) == ("maven:3.9-eclipse-temurin-21", "eclipse-temurin:21-jre")
    assert run.values("COPY") == ["--from=build --chown=10001:10001 /app/target/app.jar /app/target/app.jar"]
    assert json.loads(run.values("CMD")[0]) == ["java", "-jar", "target/app.jar"]


def test_a_worker_has_no_port() -> None:
    plan = BuildPlan(stack=Stack(language="python", kind=Kind.WORKER, runtime="python", version="3.12"), start=("x",))
    _, run = parse(dockerfile(plan))
    assert not run.values("EXPOSE") and not any(e.startswith("PORT=") for e in run.values("ENV"))


def test_shell_text_of_several_lines_stays_one_instruction() -> None:
    plan = BuildPlan(stack=FLASK.stack, build=(("sh", "-c", "a\nb"), ("sh", "-c", "c \\")), start=("x",))
    build, _ = parse(dockerfile(plan))
    assert '["sh", "-c", "a\\nb"]' in build.values("RUN")
    assert '["sh", "-c", "c \\\\"]' in build.values("RUN")


def test_caches_are_mounted_only_when_asked_for() -> None:
    assert "--mount" not in dockerfile(FLASK)
    assert "RUN --mount=type=cache,target=/root/.cache/uv uv pip install" in dockerfile(FLASK, cache_mounts=True)


def test_a_health_path_is_named() -> None:
    plan = BuildPlan(stack=FLASK.stack, start=("x",), health_path="/up")
    assert dockerfile(plan).splitlines()[0].endswith("answers on /up when well")


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        (StaticSite("."), "try_files $uri $uri/ $uri.html =404;"),
        (StaticSite(".", fallback="200.html"), "try_files $uri $uri/ $uri.html /200.html;"),
        (StaticSite(".", not_found="404.html"), "error_page 404 /404.html;"),
    ],
)
def test_a_site_is_served_with_its_fallback_or_its_page_for_what_is_missing(site: StaticSite, expected: str) -> None:
    plan = BuildPlan(stack=Stack(language="static", kind=Kind.STATIC, runtime="static"), static=site)
    _, run = parse(dockerfile(plan))
    assert expected in run.values("RUN")[0]
    assert "sed s/__PORT__/$PORT/" in run.values("CMD")[0]


def test_a_site_of_unknown_folder_is_looked_for_after_the_build() -> None:
    plan = BuildPlan(
        stack=Stack(language="node", kind=Kind.STATIC, runtime="node", version="22"),
        build=(("npm", "run", "build"),),
        static=StaticSite(None, candidates=("dist", "build")),
    )
    build, _ = parse(dockerfile(plan))
    assert build.values("RUN")[-1].startswith("for d in dist build; do")


def test_the_extensions_of_php_are_the_images_own() -> None:
    packages = ("php-mbstring", "php-mysql", "php-gd", "git")
    assert split_php(packages) == (["gd", "mysqli", "pdo_mysql"], ["git"])


def test_secrets_and_history_are_kept_out_of_the_context() -> None:
    lines = dockerignore().splitlines()
    assert ".git" in lines and "**/.env" in lines and "**/node_modules" in lines
