"""The bubblewrap command line of a box. Pure but for reading the host's own layout under /."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from devgem.clouds.local import landing
from devgem.clouds.local.box import Bind, Box

_LANDING = "/mnt"
INSIDE_ID = 1000
"""User and group id that a program sees itself as."""
DNS_ADDRESS = "10.0.2.3"
"""slirp4netns answers DNS here: https://github.com/rootless-containers/slirp4netns/blob/master/slirp4netns.1.md"""
CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

# What programs need of the host's /etc: certificates, links to alternatives, the loader's cache, tables.
_ETC = (
    "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime",
    "/etc/mime.types", "/etc/protocols", "/etc/services", "/etc/php", "/etc/maven",
    "/etc/java-17-openjdk", "/etc/java-21-openjdk",
)  # fmt: skip
FILES = {
    "/etc/passwd": f"root:x:0:0::/:/bin/sh\napp:x:{INSIDE_ID}:{INSIDE_ID}::/tmp:/bin/sh\n",
    "/etc/group": f"root:x:0:\napp:x:{INSIDE_ID}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "/etc/resolv.conf": f"nameserver {DNS_ADDRESS}\n",
}


@dataclass(frozen=True)
class Descriptors:
    """Open descriptors that bwrap is to inherit; `files` are the contents of `FILES`, by path."""

    status: int
    block: int
    files: dict[str, int]
    seccomp: int | None

    def all(self) -> list[int]:
        fixed = [self.status, self.block, *([] if self.seccomp is None else [self.seccomp])]
        return [*fixed, *self.files.values()]


def arguments(box: Box, fds: Descriptors, options: frozenset[str]) -> list[str]:
    """The arguments of bwrap, without the program that it is to start: for `--args FD`, since values of the
    environment must not show in a process list. `options` are those that this bwrap knows."""
    args = ["--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    args += [option for option in ("--disable-userns",) if option in options]
    args += ["--uid", str(INSIDE_ID), "--gid", str(INSIDE_ID), "--hostname", box.hostname]
    args += ["--json-status-fd", str(fds.status), "--block-fd", str(fds.block)]
    args += _system()
    for path, fd in fds.files.items():
        args += ["--ro-bind-data", str(fd), path]
    if not any(target == "/tmp" for _, target in (*box.ro, *box.rw)):  # noqa: S108
        size = ["--size", str(box.limits.disk_bytes)] if "--size" in options else []
        args += ["--perms", "1777", *size, "--tmpfs", "/tmp"]  # noqa: S108
    args += _binds(box)
    args += ["--remount-ro", "/"]
    if fds.seccomp is not None:
        args += ["--seccomp", str(fds.seccomp)]
    for name, value in box.env.items():
        args += ["--setenv", name, value]
    return [*args, "--chdir", box.cwd]


def _system() -> list[str]:
    args = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(name)
        if path.is_symlink():
            args += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            args += ["--ro-bind", name, name]
    args += ["--proc", "/proc", "--dev", "/dev", "--dir", "/run", "--dir", "/etc", "--dir", "/var"]
    args += ["--symlink", "../tmp", "/var/tmp"]  # noqa: S108
    for path in map(Path, _ETC):
        if path.exists():
            args += ["--ro-bind", str(path), str(path)]
    return args


def _binds(box: Box) -> list[str]:
    """What lies inside another bind comes after it, so that it is not hidden."""
    binds = [("--ro-bind", *bind) for bind in box.ro] + [("--bind", *bind) for bind in box.rw]
    binds.sort(key=lambda bind: bind[2].count("/"))
    return [argument for option, source, target in binds for argument in (option, str(source), target)]


def within_reach(box: Box, user: int) -> tuple[Box, list[str]]:
    """As root: the box, and the command that starts its bwrap as `user`. What lies where that user cannot pass is
    brought to a place where it can (see landing.py)."""
    moved: list[str] = []

    def move(bind: Bind) -> Bind:
        if can_be_reached(bind[0]):
            return bind
        moved.append(str(bind[0]))
        return (Path(_LANDING, str(len(moved))), bind[1])

    there = replace(box, ro=tuple(map(move, box.ro)), rw=tuple(map(move, box.rw)))
    if moved:
        return there, [sys.executable, "-ISB", landing.__file__, str(user), _LANDING, *moved, "--"]
    drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all", "--pdeathsig=KILL"]
    return there, [*drop, "--"]


def can_be_reached(path: Path) -> bool:
    """Whether everyone may pass through the folders above `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in path.absolute().parents)


def ca_environment() -> dict[str, str]:
    """Where programs inside find the host's certificate authorities, company ones included."""
    bundle = next((path for path in CA_BUNDLES if Path(path).is_file()), None)
    names = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return dict.fromkeys(names, bundle) if bundle else {}
