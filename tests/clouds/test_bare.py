from pathlib import Path

import pytest

from devgem.clouds.local.bare import place, search_path, translate
from devgem.clouds.local.box import Limits
from devgem.clouds.local.sandbox import Sandbox

from .boxes import box, mark, processes_with, run

BINDS = (
    (Path("/data/image/app"), "/app"),
    (Path("/data/layer/deps"), "/deps"),
    (Path("/data/nm"), "/app/node_modules"),
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/app", "/data/image/app"),
        ("/deps/venv/bin:/usr/bin", "/data/layer/deps/venv/bin:/usr/bin"),
        ("--root=/app/web", "--root=/data/image/app/web"),
        ("/app/node_modules/.bin:/app", "/data/nm/.bin:/data/image/app"),
        ("/application /my/app app:app /apps", "/application /my/app app:app /apps"),
    ],
)
def test_paths_of_binds_become_the_hosts(text: str, wanted: str) -> None:
    assert translate(text, BINDS) == wanted


def test_a_folder_of_single_programs_becomes_the_folders_that_they_come_from() -> None:
    binds = (*BINDS, (Path("/venv/bin/uv"), "/opt/devgem/bin/uv"), (Path("/go/bin/go"), "/opt/devgem/bin/go"))
    found = search_path("/deps/venv/bin:/opt/devgem/bin:/usr/bin", binds)
    assert found == "/data/layer/deps/venv/bin:/opt/devgem/bin:/venv/bin:/go/bin:/usr/bin"


def test_a_bind_inside_another_is_linked_into_place(tmp_path: Path) -> None:
    for name in ("app/node_modules", "layer"):
        (tmp_path / name).mkdir(parents=True)
    binds = ((tmp_path / "app", "/app"), (tmp_path / "layer", "/app/node_modules"))
    for _ in range(2):
        place(binds)
        assert (tmp_path / "app" / "node_modules").readlink() == tmp_path / "layer"


async def test_a_box_runs_the_same_without_a_sandbox(bare_sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("seen\n")
    result = await run(
        bare_sandbox, box("sh", "-c", "pwd; cat /app/file; exit 3", cwd="/app", ro=((tmp_path, "/app"),))
    )
    assert (result.out, result.exit.code) == (f"{tmp_path}\nseen\n", 3)


async def test_daemons_are_found_again_and_ended(bare_sandbox: Sandbox) -> None:
    seconds = mark()
    script = (
        f"(setsid setsid sh -c 'trap \"\" TERM; sleep {seconds}' >/dev/null 2>&1 &) ; setsid sleep {seconds} & echo up"
    )
    result = await run(bare_sandbox, box("sh", "-c", script))
    assert result.out == "up\n" and not processes_with(seconds)


async def test_time_is_kept_without_a_sandbox_too(bare_sandbox: Sandbox) -> None:
    seconds = mark()
    result = await run(bare_sandbox, box("sh", "-c", f"trap '' TERM; sleep {seconds}", limits=Limits(wall_seconds=0.2)))
    assert result.exit.timed_out and not processes_with(seconds)
