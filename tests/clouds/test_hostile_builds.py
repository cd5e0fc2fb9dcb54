"""Builds that mean harm, or do it. Each ends in one failure that names its cause, and leaves nothing behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local import trees
from devgem.clouds.local.build_output import Caps
from devgem.clouds.local.quota import DiskQuota
from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.log import LINE_LIMIT
from devgem.domain.plan import BuildPlan, StaticSite

from .boxes import PYTHON, groups_named, helpers, mark, processes_with
from .builds import SHELL, Yard, shell


@pytest.fixture
async def yard(tmp_path: Path, real_sandbox: Sandbox) -> AsyncIterator[Yard]:
    yard = Yard(tmp_path, real_sandbox)
    yield yard
    await yard.builder.close()


def daemon(seconds: str) -> str:
    return f"(setsid setsid sh -c 'trap \"\" TERM HUP; exec sleep {seconds}' >/dev/null 2>&1 &)"


def building(text: str) -> BuildPlan:
    return replace(SHELL, build=(shell(text),))


def python(text: str) -> BuildPlan:
    return replace(SHELL, build=((PYTHON, "-c", text),))


async def test_a_build_that_never_ends_is_ended_with_all_its_processes(tmp_path: Path, real_sandbox: Sandbox) -> None:
    yard = Yard(tmp_path, real_sandbox, wall_seconds=1.0)
    seconds = mark()
    script = f"trap '' TERM INT HUP; {daemon(seconds)}; echo started; while true; do sleep {seconds}; done"
    outcome = await yard.build(yard.source({}), building(script))
    assert outcome.failure.code == "build_timeout" and outcome.failure.evidence == "started"
    assert not processes_with(seconds)


async def test_closing_the_iterator_ends_a_build_and_it_can_be_built_again(yard: Yard) -> None:
    seconds = mark()
    script = f"trap '' TERM; {daemon(seconds)}; echo started; [ -e stop ] || sleep {seconds}"
    order = yard.order(yard.source({}), building(script))
    items = yard.builder.build(order)
    async for item in items:
        if getattr(item, "text", "") == "started":
            break
    assert processes_with(seconds)
    await items.aclose()  # type: ignore[attr-defined]  # an async generator
    assert not processes_with(seconds) and not groups_named(order.id)
    assert list((yard.root / "cloud" / "work").iterdir()) == []
    again = replace(order, repository=replace(order.repository, location=str(yard.source({"stop": ""}))))
    assert (await yard.make(again)).image.digest and not processes_with(seconds)


async def test_cancelling_a_download_ends_its_way_out(yard: Yard) -> None:
    seconds = mark()
    plan = replace(SHELL, install=(shell(f"echo started; sleep {seconds}"),))
    order = yard.order(yard.source({}), plan)
    items = yard.builder.build(order)
    async for item in items:
        if getattr(item, "text", "") == "started":
            break
    await items.aclose()  # type: ignore[attr-defined]  # an async generator
    assert not processes_with(seconds) and not helpers()
    assert yard.layers() == [] and not list((yard.root / "cloud" / "layers").glob("*/*"))


async def test_a_memory_hog_is_told_the_limit(tmp_path: Path, real_sandbox: Sandbox) -> None:
    if not real_sandbox.isolation.cgroups.version:
        pytest.skip("needs control groups")
    yard = Yard(tmp_path, real_sandbox, memory_bytes=96 << 20)
    failure = (await yard.build(yard.source({}), python("x = bytearray(300 << 20)"))).failure
    assert failure.code == "out_of_memory" and "96 MB" in failure.cause


async def test_a_fork_bomb_is_told_what_it_ran_into(tmp_path: Path, real_sandbox: Sandbox) -> None:
    yard = Yard(tmp_path, real_sandbox, processes=60, wall_seconds=20.0)
    seconds = mark()
    bomb = f"import os, time\nfor n in range(1000):\n  if not os.fork(): time.sleep({seconds})"
    failure = (await yard.build(yard.source({}), python(bomb))).failure
    assert failure.code == "too_many_processes", failure
    assert not processes_with(seconds)


async def test_a_disk_filler_is_stopped_at_its_quota(tmp_path: Path, real_sandbox: Sandbox) -> None:
    yard = Yard(tmp_path, real_sandbox, quota=DiskQuota(bytes=48 << 20, reserve_bytes=0))
    filler = "import time\nfor n in range(40):\n  open(f'x{n}', 'wb').write(bytes(8 << 20)); time.sleep(0.05)"
    failure = (await yard.build(yard.source({}), python(filler))).failure
    assert failure.code == "disk_limit" and "more than a build may" in failure.cause


async def test_an_inode_filler_is_stopped_too(tmp_path: Path, real_sandbox: Sandbox) -> None:
    yard = Yard(tmp_path, real_sandbox, quota=DiskQuota(bytes=10 << 30, files=2000, reserve_bytes=0))
    filler = "import time\nfor n in range(10**6):\n  open(f'/tmp/{n}', 'w').close(); n % 500 or time.sleep(0.05)"
    assert (await yard.build(yard.source({}), python(filler))).failure.code == "disk_limit"


async def test_one_file_cannot_outgrow_the_limit(tmp_path: Path, real_sandbox: Sandbox) -> None:
    yard = Yard(tmp_path, real_sandbox, file_bytes=1 << 20)
    failure = (await yard.build(yard.source({}), python("open('x', 'wb').write(bytes(4 << 20))"))).failure
    assert failure.code == "disk_limit"


async def test_a_machine_without_room_is_told_apart_from_a_greedy_build(tmp_path: Path, real_sandbox: Sandbox) -> None:
    yard = Yard(tmp_path, real_sandbox, quota=DiskQuota(bytes=1 << 30, reserve_bytes=1 << 60))
    failure = (await yard.build(yard.source({}), building("sleep 20"))).failure
    assert failure.code == "disk_full" and failure.retryable and "free" in failure.cause


async def test_an_infinite_log_is_bounded_and_its_end_is_kept(tmp_path: Path, real_sandbox: Sandbox) -> None:
    caps = Caps(2000, 1 << 20, burst_seconds=1, lines=5000, bytes=1 << 20)
    yard = Yard(tmp_path, real_sandbox, caps=caps)
    outcome = await yard.build(yard.source({}), building("yes | head -c 60000000; echo error: the end; exit 1"))
    assert outcome.failure.evidence == "error: the end"
    assert len(outcome.lines) < 100_000 and "lines suppressed" in outcome.text


async def test_strange_bytes_become_clean_lines(yard: Yard) -> None:
    odd = r"b'x' * 10_000_000 + b'\n\xff\xfe bad\n\x1b]0;evil\x07ok\x1b[2J\n'"
    outcome = await yard.build(yard.source({}), python(f"import sys; sys.stdout.buffer.write({odd})"))
    texts = [line.text for line in outcome.lines if line.stream == "out"]
    assert max(map(len, texts)) <= LINE_LIMIT + 100 and sum(text.count("x") for text in texts) == 10_000_000
    assert texts[-2:] == ["\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} bad", "ok"]


async def test_a_background_process_that_holds_the_output_does_not_hold_the_build(yard: Yard) -> None:
    seconds = mark()
    outcome = await yard.build(yard.source({}), building(f"setsid sleep {seconds} & echo done"))
    assert outcome.image.digest and not processes_with(seconds)


async def test_a_site_cannot_publish_the_hosts_files(yard: Yard) -> None:
    script = (
        "mkdir dist && echo hi > dist/index.html && cd dist && ln -s /etc/passwd p && ln -s / root && ln -s ../.. up"
    )
    plan = replace(building(script), static=StaticSite("dist"), start=None)
    opened = yard.builder.images.open((await yard.build(yard.source({}), plan)).image.digest)
    assert opened.site and [path.name for path in opened.site.root.iterdir()] == ["index.html"]


@pytest.mark.parametrize("root", ["dist", "."])
async def test_a_link_in_place_of_the_apps_folder_is_not_followed(yard: Yard, root: str) -> None:
    script = "cd .. && rm -r web && ln -s /etc web"
    plan = replace(building(script), dir="web", static=StaticSite(root), start=None)
    failure = (await yard.build(yard.source({"web/index.html": "x"}), plan)).failure
    assert failure.code == "unusable_files" and "web" in failure.cause


async def test_a_link_in_place_of_dependencies_does_not_reach_the_host(yard: Yard, tmp_path: Path) -> None:
    precious = tmp_path / "precious" / "node_modules"
    precious.mkdir(parents=True)
    (precious / "file").write_text("x")
    plan = replace(
        SHELL,
        install=(shell("mkdir -p web/node_modules && echo x > web/node_modules/file"),),
        deps=("web/node_modules",),
        build=(shell(f"rm -r web && ln -s {tmp_path}/precious web"),),
    )
    outcome = await yard.build(yard.source({"web/x": ""}), plan)
    assert outcome.image.digest and (precious / "file").exists()


async def test_what_is_too_deep_to_keep_is_a_failure_of_the_build(yard: Yard) -> None:
    deep = "import os\nfor n in range(1200):\n  os.mkdir('abcdef'); os.chdir('abcdef')"
    failure = (await yard.build(yard.source({}), python(deep))).failure
    assert failure.code == "unusable_files" and "too long" in failure.cause


async def test_one_apps_install_cannot_touch_what_others_install_from(yard: Yard) -> None:
    touch = "find /cache -type f; mkdir -p /cache/uv && echo evil > /cache/uv/evil && echo evil > /cache/npm/evil"
    plan = replace(SHELL, install=(shell(touch),))
    await yard.build(yard.source({}), plan, app="evil")
    outcome = await yard.build(yard.source({}), plan, app="good")
    assert [line.text for line in outcome.lines if line.stream == "out"] == []
    caches = yard.root / "cloud" / "caches"
    assert not list(caches.glob("wheels/**/evil")) and not list((caches / "apps" / "good").glob("evil"))


async def test_a_cache_that_was_booby_trapped_is_made_anew(yard: Yard, tmp_path: Path) -> None:
    """DevGem itself, perhaps as root, makes folders in there before each install."""
    target = tmp_path / "target"
    target.mkdir()
    own = trees.make_folder(yard.root / "cloud" / "caches" / "apps" / "shop")
    (own / "npm").symlink_to(target)
    outcome = await yard.build(yard.source({}), replace(SHELL, install=(shell("true"),)))
    assert outcome.image.digest and list(target.iterdir()) == [] and not (own / "npm").is_symlink()


async def test_the_builders_own_death_leaves_nothing_that_a_sweep_does_not_clear(
    tmp_path: Path, real_sandbox: Sandbox
) -> None:
    seconds = mark()
    script = tmp_path / "dies.py"
    script.write_text(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from devgem.clouds.local.probe import probe\n"
        "from devgem.clouds.local.sandbox import Sandbox\n"
        "from tests.clouds.builds import SHELL, Yard, shell\n"
        "from dataclasses import replace\n"
        "async def main():\n"
        "    yard = Yard(Path(sys.argv[1]), Sandbox(await probe()))\n"
        "    plan = replace(SHELL, install=(shell('mkdir node_modules; echo started; sleep ' + sys.argv[2]),))\n"
        "    async for item in yard.builder.build(yard.order(yard.source({}), plan, id='dep_dies')):\n"
        "        print(getattr(item, 'text', ''), flush=True)\n"
        "asyncio.run(main())\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    argv = (sys.executable, str(script), str(tmp_path), seconds)
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE, env=env)
    assert process.stdout
    async with asyncio.timeout(30):
        said = [line async for line in _until(process.stdout, b"started\n")]
    assert said[-1:] == [b"started\n"]
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with asyncio.timeout(10):
        while processes_with(seconds):
            await asyncio.sleep(0.01)
    yard = Yard(tmp_path, real_sandbox)
    assert list((tmp_path / "cloud" / "work").iterdir()) != []
    await yard.builder.sweep()
    assert list((tmp_path / "cloud" / "work").iterdir()) == []
    assert not list((tmp_path / "cloud" / "layers").glob("*/*")) and not groups_named("dep_dies")
    plan = replace(SHELL, install=(shell("mkdir node_modules"),), deps=("node_modules",))
    assert (await yard.build(yard.source({}), plan, id="dep_dies")).image.digest


async def _until(stream: asyncio.StreamReader, last: bytes) -> AsyncIterator[bytes]:
    async for line in stream:
        yield line
        if line == last:
            return
