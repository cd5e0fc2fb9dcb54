"""Run as a program: fetches again and again, killed (SIGKILL) one step later each time, until it is not killed.

    crash_points.py ROOT LOCATION

A step is whatever Python reports to an audit hook that touches a file or starts a process. After every death the
folder must hold nothing, or a whole checkout; and the next start must clear what was in progress. Prints the number of
deaths."""

import asyncio
import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

from devgem.domain.app import Repository
from devgem.source import Policy, Sources

POLICY = Policy(allow_file_urls=True)
STEPS = frozenset(
    {
        "open",
        "os.rename",
        "os.mkdir",
        "os.rmdir",
        "os.remove",
        "os.symlink",
        "os.chmod",
        "os.utime",
        "subprocess.Popen",
        "shutil.rmtree",
    }
)


def fetch_and_die(root: Path, repository: Repository, at_step: int) -> None:
    """In a process of its own."""
    steps = itertools.count()

    def count(event: str, args: tuple[object, ...]) -> None:
        if event in STEPS and next(steps) == at_step:
            os.kill(os.getpid(), signal.SIGKILL)

    sources = Sources(root, POLICY)
    sys.addaudithook(count)
    asyncio.run(sources.fetch(repository))
    os._exit(0)


def fetch_unharmed(root: Path, repository: Repository) -> None:
    asyncio.run(Sources(root, POLICY).fetch(repository))
    os._exit(0)


def in_a_process(work: object, *args: object) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work(*args)  # type: ignore[operator]
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def contents(files: Path) -> dict[str, str]:
    return {str(file.relative_to(files)): file.read_text() for file in files.rglob("*") if file.is_file()}


def main() -> None:
    root, repository = Path(sys.argv[1]), Repository(sys.argv[2])
    assert in_a_process(fetch_unharmed, root, repository) == 0
    (whole,) = (root / "checkouts").iterdir()
    expected = contents(whole)
    for step in itertools.count():
        shutil.rmtree(root)
        ended = in_a_process(fetch_and_die, root, repository, step)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL, ended
        for found in (root / "checkouts").iterdir():
            assert contents(found) == expected, (step, found)
        Sources(root, POLICY)
        assert not list((root / "tmp").iterdir()), step
        if step % 5 == 0:
            assert in_a_process(fetch_unharmed, root, repository) == 0, step
            assert contents(root / "checkouts" / whole.name) == expected, step
    print(step)


if __name__ == "__main__":
    main()
