"""The system call filter of every sandbox, compiled to classic BPF for `bwrap --seccomp`.

Theory of operation: the kernel runs the program on each call with `struct seccomp_data` (nr, arch, ip, args[6]).
Calls that a web app has no use for and that have opened kernels before are EPERM; calls newer than this table, and
clone3, whose flags a filter cannot read, are ENOSYS, so that C libraries fall back; a foreign architecture is killed.
https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

import errno
import struct
from collections.abc import Mapping

_X86_64: Mapping[str, int] = {
    "socket": 41, "clone": 56, "ioctl": 16, "clone3": 435,
    "ptrace": 101, "syslog": 103, "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165, "umount2": 166,
    "swapon": 167, "swapoff": 168, "reboot": 169, "init_module": 175, "delete_module": 176, "quotactl": 179,
    "lookup_dcookie": 212, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
    "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
    "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "kexec_file_load": 320,
    "bpf": 321, "userfaultfd": 323,
}  # fmt: skip
_AARCH64: Mapping[str, int] = {
    "socket": 198, "clone": 220, "ioctl": 29, "clone3": 435,
    "ptrace": 117, "syslog": 116, "pivot_root": 41, "chroot": 51, "acct": 89, "mount": 40, "umount2": 39,
    "swapon": 224, "swapoff": 225, "reboot": 142, "init_module": 105, "delete_module": 106, "quotactl": 60,
    "lookup_dcookie": 18, "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97,
    "perf_event_open": 241, "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268,
    "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "kexec_file_load": 294,
    "bpf": 280, "userfaultfd": 282,
}  # fmt: skip
# Since 424 the numbers are the same on every architecture.
_SHARED: Mapping[str, int] = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442, "quotactl_fd": 443,
}  # fmt: skip
_NEWEST_KNOWN = 462
_ARCHITECTURES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_NEW_NAMESPACES = 0x7E020080  # CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}
_X32_BIT = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000


def _refuse(number: int) -> int:
    return 0x00050000 | number


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _argument(index: int) -> bytes:
    """Loads the low half of an argument: what the kernel's own `int` parameters see."""
    return _op(_LOAD, 16 + 8 * index)


def program(machine: str) -> bytes | None:
    """The filter for `platform.machine()`, or None for an architecture whose call numbers are not in the table."""
    if machine not in _ARCHITECTURES:
        return None
    arch, numbers = _ARCHITECTURES[machine]
    conditional = {"socket", "clone", "ioctl", "clone3"}
    denied = [n for name, n in numbers.items() if name not in conditional] + list(_SHARED.values())
    code = [_op(_LOAD, 4), _op(_EQUAL, arch, 1), _op(_RETURN, _KILL), _op(_LOAD, 0)]
    code += [_op(_AT_LEAST, _X32_BIT, 0, 1), _op(_RETURN, _refuse(errno.EPERM))]
    code += [_op(_AT_LEAST, _NEWEST_KNOWN + 1, 0, 1), _op(_RETURN, _refuse(errno.ENOSYS))]
    code += [_op(_EQUAL, numbers["clone3"], 0, 1), _op(_RETURN, _refuse(errno.ENOSYS))]
    for number in denied:
        code += [_op(_EQUAL, number, 0, 1), _op(_RETURN, _refuse(errno.EPERM))]
    code += _only_if(numbers["clone"], [_argument(0), _op(_ANY_BIT, _NEW_NAMESPACES, 0, 1), *_deny(errno.EPERM)])
    code += _only_if(numbers["ioctl"], [_argument(1), *_among(_TERMINAL_INJECTION, errno.EPERM)])
    families = [_argument(0), *(op for f in _FAMILIES for op in (_op(_EQUAL, f, 0, 1), _op(_RETURN, _ALLOW)))]
    code += _only_if(numbers["socket"], [*families, *_deny(errno.EAFNOSUPPORT)])
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def _deny(number: int) -> list[bytes]:
    return [_op(_RETURN, _refuse(number))]


def _among(values: tuple[int, ...], number: int) -> list[bytes]:
    return [op for value in values for op in (_op(_EQUAL, value, 0, 1), *_deny(number))]


def _only_if(number: int, body: list[bytes]) -> list[bytes]:
    """Runs `body` for one call alone; what falls through it is allowed."""
    return [_op(_EQUAL, number, 0, len(body) + 1), *body, _op(_RETURN, _ALLOW)]
