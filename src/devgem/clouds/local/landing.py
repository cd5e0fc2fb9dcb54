"""Started as root in place of bubblewrap: binds folders that a box's user cannot pass to (below /root) to where it can,
becomes that user, and executes bubblewrap. In one process, so that bubblewrap stays DevGem's own child: the kernel
would not let a helper in between, without DevGem's rights, take the box down with it.

argv: user id, landing folder, the sources, `--`, the command. Source number n lands at <landing>/<n>. Runs on its own,
without the rest of the package.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

# <linux/sched.h>, <linux/mount.h>, <linux/prctl.h>
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_SLAVE, _PR_SET_PDEATHSIG = 0x20000, 0x1000, 0x4000, 0x80000, 1


def main() -> None:
    user, landing, *rest = sys.argv[1:]
    end = rest.index("--")
    sources, command = rest[:end], rest[end + 1 :]
    try:
        _bind(landing, sources)
    except OSError as error:
        sys.exit(f"{error.filename} cannot be bound: {error.strerror}")
    os.setgroups([])
    os.setresgid(int(user), int(user), int(user))
    os.setresuid(int(user), int(user), int(user))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.execvp(command[0], command)  # noqa: S606


def _bind(landing: str, sources: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def check(result: int, path: str) -> None:
        if result:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)

    def mount(source: str, target: str, kind: str, flags: int) -> None:
        check(libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None), source)

    check(libc.unshare(_CLONE_NEWNS), "/")
    mount("none", "/", "", _MS_SLAVE | _MS_REC)
    mount("tmpfs", landing, "tmpfs", 0)
    for number, source in enumerate(sources, 1):
        target = Path(landing, str(number))
        if Path(source).is_dir():
            target.mkdir()
        else:
            target.touch()
        mount(source, str(target), "", _MS_BIND | _MS_REC)
    Path(landing).chmod(0o755)


if __name__ == "__main__":
    main()
