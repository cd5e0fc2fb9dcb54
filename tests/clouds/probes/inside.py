"""Tries, from inside a sandbox, what must not be possible there. Prints JSON: {name: null, or what it got hold of}.

argv: the host's process number of the test, a file of the host, a port that the host listens on at 127.0.0.1 and at
its address, that address, the name of an abstract socket of the host. Needs no packages.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import platform
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HOST_PID, HOST_FILE, HOST_PORT, HOST_ADDRESS, ABSTRACT = sys.argv[1:6]
TIMEOUT_SECONDS = 0.3
LIBC = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
Try = Callable[[], str | None]
TRIES: dict[str, Try] = {}


def attempt(name: str, function: Try) -> None:
    TRIES[name] = function


def reads(path: str) -> Try:
    def function() -> str | None:
        if Path(path).is_dir():
            return f"lists {sorted(Path(path).iterdir())[:5]}"
        with Path(path).open("rb") as file:
            return f"reads {file.read(20)!r}"

    return function


def writes(path: str) -> Try:
    def function() -> str | None:
        create = 0 if path.startswith(("/dev", "/proc")) else os.O_CREAT
        os.write(os.open(path, os.O_WRONLY | os.O_APPEND | create), b"0 0 1")
        return "writes"

    return function


def connects(host: str, port: int, family: int = socket.AF_INET) -> Try:
    def function() -> str | None:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_SECONDS)
            connection.connect((host, port))
        return "connects"

    return function


def opens(family: int, kind: int = socket.SOCK_STREAM) -> Try:
    def function() -> str | None:
        socket.socket(family, kind, 0).close()
        return "gets a socket"

    return function


def calls(x86: int, arm: int, *arguments: int) -> Try:
    """A system call that must be refused: EPERM, ENOSYS or EAFNOSUPPORT, not an error about its arguments."""

    def function() -> str | None:
        result = LIBC.syscall(x86 if X86 else arm, *arguments)
        number = ctypes.get_errno()
        refused = result == -1 and number in (1, 38, 97)
        return None if refused else f"result {result}, errno {number}"

    return function


def runs(*argv: str) -> Try:
    def function() -> str | None:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
        return None if done.returncode else f"succeeds: {done.stdout[:50]}"

    return function


def status(name: str, wanted: str) -> Try:
    def function() -> str | None:
        lines = Path("/proc/self/status").read_text().splitlines()
        value = next(line.split(":")[1].strip() for line in lines if line.startswith(f"{name}:"))
        return None if value == wanted else value

    return function


def sees_other_processes() -> str | None:
    found = list(Path("/proc").glob("[0-9]*"))
    return None if len(found) <= 6 else f"{len(found)} processes"


def knows_users() -> str | None:
    names = [line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()]
    return None if names == ["root", "app"] else str(names)


def pushes_into_a_terminal() -> str | None:
    fcntl.ioctl(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY), 0x5412, b"x")
    return "types"


def reads_the_environment_of_what_started_it() -> str | None:
    names = [item.partition(b"=")[0] for item in Path("/proc/1/environ").read_bytes().split(b"\0") if item]
    return None if names == [b"PATH"] else str(names)


def becomes_root() -> str | None:
    os.setuid(0)
    return "is root"


def makes_a_device() -> str | None:
    os.mknod("/tmp/disk", 0o060600, os.makedev(8, 0))
    return "makes one"


def sends_to_netlink() -> str | None:
    """RTM_NEWROUTE: a way around the routes that lead nowhere."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.settimeout(TIMEOUT_SECONDS)
        body = struct.pack("BBBBBBBBI", 2, 32, 0, 0, 254, 3, 0, 1, 0) + struct.pack("HH4s", 8, 1, b"\xa9\xfe\xa9\xfe")
        link.send(struct.pack("IHHII", 16 + len(body), 24, 0x405, 1, 0) + body)
        answer = link.recv(4096)
        return None if struct.unpack("i", answer[16:20])[0] == -1 else f"answer {answer[16:20]!r}"


for place in ("/root", "/home", "/boot", "/sys/kernel", "/srv", "/opt/wheels", "/var/log", "/var/lib", "/lost+found"):
    attempt(f"read {place}", reads(place))
for place in (
    "/etc/shadow",
    "/etc/ssh",
    "/etc/machine-id",
    "/proc/kcore",
    "/proc/1/root/etc/hostname",
):
    attempt(f"read {place}", reads(place))
for place in (
    "/run/docker.sock",
    "/run/dbus",
    "/run/systemd",
    "/run/user",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/vda",
    "/dev/sda",
):
    attempt(f"read {place}", reads(place))
for place in ("/dev/kvm", "/dev/net/tun", "/dev/fuse", "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern"):
    attempt(f"write {place}", writes(place))
for place in ("/x", "/usr/x", "/etc/x", "/etc/passwd", "/bin/x", "/app/x", "/proc/self/uid_map", "/var/x"):
    attempt(f"write {place}", writes(place))
attempt("read a file of the host", reads(HOST_FILE))
attempt("read a process of the host", reads(f"/proc/{HOST_PID}/environ"))
attempt("see other processes", sees_other_processes)
attempt("know the host's users", knows_users)
attempt("read the environment of what started it", reads_the_environment_of_what_started_it)

attempt("have capabilities", status("CapEff", "0000000000000000"))
attempt("gain capabilities", status("CapBnd", "0000000000000000"))
attempt("gain privileges", status("NoNewPrivs", "1"))
attempt("be without a filter", status("Seccomp", "2"))
attempt("become root", becomes_root)
attempt("call su", runs("su", "-c", "true"))
attempt("make a user namespace", runs("unshare", "--user", "true"))
attempt("make a sandbox of its own", runs("bwrap", "--ro-bind", "/", "/", "true"))
attempt("make a device", makes_a_device)
attempt("type into a terminal", pushes_into_a_terminal)
attempt("change routes", sends_to_netlink)

attempt("mount", calls(165, 40, 0, 0, 0, 0, 0))
attempt("umount", calls(166, 39, 0, 0))
attempt("chroot", calls(161, 51, 0))
attempt("pivot_root", calls(155, 41, 0, 0))
attempt("unshare a mount namespace", calls(272, 97, 0x00020000))
attempt("unshare a user namespace", calls(272, 97, 0x10000000))
attempt("clone a user namespace", calls(56, 220, 0x10000000 | 17, 0, 0, 0, 0))
attempt("clone3", calls(435, 435, 0, 0))
attempt("setns", calls(308, 268, 0, 0))
attempt("ptrace", calls(101, 117, 0, 0, 0, 0))
attempt("process_vm_readv", calls(310, 270, 0, 0, 0, 0, 0, 0))
attempt("bpf", calls(321, 280, 0, 0, 0))
attempt("perf_event_open", calls(298, 241, 0, 0, 0, 0, 0))
attempt("userfaultfd", calls(323, 282, 0))
attempt("io_uring", calls(425, 425, 1, 0))
attempt("add_key", calls(248, 217, 0, 0, 0, 0, 0))
attempt("keyctl", calls(250, 219, 0, 0, 0, 0, 0))
attempt("open_by_handle_at", calls(304, 265, 0, 0, 0))
attempt("init_module", calls(175, 105, 0, 0, 0))
attempt("kexec_load", calls(246, 104, 0, 0, 0, 0))
attempt("fsopen", calls(430, 430, 0, 0))
attempt("open_tree", calls(428, 428, 0, 0, 0))
attempt("syslog", calls(103, 116, 2, 0, 0))
attempt("swapon", calls(167, 224, 0, 0))
attempt("reboot", calls(169, 142, 0, 0, 0, 0))
attempt("a call newer than the filter", calls(1000, 1000))

attempt("AF_PACKET", opens(17, socket.SOCK_RAW))
attempt("AF_VSOCK", opens(40))
attempt("AF_ALG", opens(38, socket.SOCK_SEQPACKET))
attempt("AF_BLUETOOTH", opens(31, socket.SOCK_RAW))
attempt("raw IP", opens(socket.AF_INET, socket.SOCK_RAW))

for host in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16"):
    attempt(f"connect to the metadata service at {host}", connects(host, 80))
for host in ("10.0.0.1", "172.17.0.1", "192.168.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1"):
    attempt(f"connect to the private address {host}", connects(host, 80))
attempt("connect to the host by loopback", connects("127.0.0.1", int(HOST_PORT)))
attempt("connect to the host by IPv6 loopback", connects("::1", int(HOST_PORT), socket.AF_INET6))
attempt("connect to the host by the gateway", connects("10.0.2.2", int(HOST_PORT)))
attempt("connect to the host by its address", connects(HOST_ADDRESS, int(HOST_PORT)))
attempt("connect to a unique local address", connects("fd00::1", 80, socket.AF_INET6))


def connects_to_an_abstract_socket() -> str | None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\0" + ABSTRACT)
    return "connects"


attempt("connect to an abstract socket of the host", connects_to_an_abstract_socket)

results: dict[str, str | None] = {}
for name, function in TRIES.items():
    results[name] = None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        results[name] = function()
print(json.dumps(results))
