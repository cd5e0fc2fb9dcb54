"""The filter's program, run by a small interpreter of classic BPF: https://www.kernel.org/doc/html/latest/networking/filter.html"""

import errno
import struct

import pytest

from devgem.clouds.local.seccomp import program

ALLOW, KILL = "allow", "kill"
X86_64, AARCH64 = 0xC000003E, 0xC00000B7


def run(code: bytes, arch: int, number: int, *arguments: int) -> str:
    """What the kernel would do with a call: allow, kill, or the name of the error."""
    packed = struct.pack("IIQ6Q", number, arch, 0, *(*arguments, *[0] * 6)[:6])
    accumulator = at = 0
    while True:
        operation, if_true, if_false, value = struct.unpack_from("HBBI", code, at * 8)
        at += 1
        match operation:
            case 0x20:
                accumulator = struct.unpack_from("I", packed, value)[0]
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x45:
                at += if_true if accumulator & value else if_false
            case 0x06:
                special = {0x7FFF0000: ALLOW, 0x80000000: KILL}
                return special.get(value) or errno.errorcode[value & 0xFFFF]
            case _:
                raise AssertionError(f"operation {operation:#x}")


@pytest.mark.parametrize(
    ("machine", "arch", "read", "mount", "socket", "clone", "ioctl"),
    [("x86_64", X86_64, 0, 165, 41, 56, 16), ("aarch64", AARCH64, 63, 40, 198, 220, 29)],
)
def test_calls_are_sorted_on_both_architectures(
    machine: str, arch: int, read: int, mount: int, socket: int, clone: int, ioctl: int
) -> None:
    code = program(machine)
    assert code
    assert run(code, arch, read) == ALLOW
    assert run(code, arch, mount) == "EPERM"
    assert run(code, arch, 425) == "EPERM"  # io_uring_setup
    assert run(code, arch, 435) == "ENOSYS"  # clone3
    assert run(code, arch, 463) == "ENOSYS"  # newer than the table
    assert [run(code, arch, socket, family) for family in (1, 2, 10, 16)] == [ALLOW] * 4
    assert [run(code, arch, socket, family) for family in (17, 38, 40)] == ["EAFNOSUPPORT"] * 3
    assert run(code, arch, clone, 0x01200011) == ALLOW  # fork
    assert run(code, arch, clone, 0x003D0F00) == ALLOW  # a thread
    assert run(code, arch, clone, 0x10000011) == "EPERM"  # a user namespace
    assert run(code, arch, ioctl, 0, 0x5401) == ALLOW  # TCGETS
    assert run(code, arch, ioctl, 0, 0x5412) == "EPERM"  # TIOCSTI


def test_a_foreign_architecture_is_killed_and_x32_is_refused() -> None:
    code = program("x86_64")
    assert code
    assert run(code, 0x40000003, 1) == KILL
    assert run(code, X86_64, 0x40000000) == "EPERM"


def test_jumps_stay_within_their_eight_bits() -> None:
    for machine in ("x86_64", "aarch64"):
        code = program(machine)
        assert code and len(code) % 8 == 0 and len(code) // 8 < 255


def test_an_unknown_architecture_has_no_filter() -> None:
    assert program("riscv64") is None
