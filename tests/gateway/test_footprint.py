"""The gateway lives in the edge process, which is to stay small."""

import subprocess
import sys

PROGRAM = """
import asyncio, sys, uvloop
from devgem.gateway import Gateway

async def main():
    gateway = Gateway()
    await gateway.listen("127.0.0.1", 0)
    with open("/proc/self/status") as status:
        resident = next(line for line in status if line.startswith("VmRSS"))
    print(resident.split()[1], *sorted({name.partition(".")[0] for name in sys.modules}))
    await gateway.close(0)

uvloop.run(main())
"""


def test_the_gateway_imports_nothing_heavy_and_takes_little_memory() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    kilobytes, *modules = done.stdout.split()
    foreign = {name for name in modules if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert foreign - {"sitecustomize", "usercustomize"} <= {"cython_runtime", "devgem", "httptools", "uvloop"}
    assert int(kilobytes) < 60_000
