"""Small things that the kernel does through file descriptors, for an event loop."""

import asyncio
import os
import subprocess


def memory_file(content: bytes) -> int:
    """An anonymous file with this content, at its start, for a child to read."""
    fd = os.memfd_create("devgem")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


async def readable(fd: int) -> None:
    """Returns once `fd` has something to read or was closed at its other end; for a pidfd, once the process is dead."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


async def read_line(fd: int) -> bytes:
    """One line from a writer that says no more before it is answered; less when `fd` was closed before its end."""
    line = b""
    while not line.endswith(b"\n"):
        await readable(fd)
        if not (chunk := os.read(fd, 4096)):
            break
        line += chunk
    return line


async def read_to_end(fd: int) -> bytes:
    chunks: list[bytes] = []
    while True:
        await readable(fd)
        if not (chunk := os.read(fd, 65536)):
            return b"".join(chunks)
        chunks.append(chunk)


async def exited(process: subprocess.Popen[bytes]) -> None:
    """Once a child of ours has ended; it is reaped then."""
    if process.returncode is not None:
        return
    if not hasattr(os, "pidfd_open"):  # macOS
        await asyncio.to_thread(process.wait)
        return
    pidfd = os.pidfd_open(process.pid)
    try:
        await readable(pidfd)
    finally:
        os.close(pidfd)
    process.wait()


async def ended(process: subprocess.Popen[bytes]) -> None:
    """Kills a child of ours and reaps it, even when the caller is cancelled meanwhile."""
    process.kill()
    try:
        await exited(process)
    finally:
        process.wait()
