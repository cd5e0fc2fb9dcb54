"""How soon the command line and the server are there, and what they hold while idle."""

import subprocess
import sys
import time
from pathlib import Path

from bench.report import median, table, verdict
from bench.running import devgem

ROUNDS = 7


def main() -> None:
    helps = [_seconds([sys.executable, "-m", "devgem", "--help"]) for _ in range(ROUNDS)]
    python = [_seconds([sys.executable, "-c", "pass"]) for _ in range(ROUNDS)]
    with devgem() as running:
        time.sleep(3)  # to be idle
        control = _rss_mb(_pid(running.data_dir, "devgem up"))
        edge = _rss_mb(_pid(running.data_dir, "devgem edge"))
        ready = running.ready_seconds
    rows = [
        ("bare `python -c pass`", f"{median(python) * 1000:.0f} ms", ""),
        ("`devgem --help`", f"{median(helps) * 1000:.0f} ms", verdict(median(helps) * 1000, 150)),
        ("`devgem up` ready", f"{ready:.2f} s", verdict(ready, 3)),
        ("control, idle", f"{control:.0f} MB", verdict(control, 150)),
        ("edge, idle", f"{edge:.0f} MB", verdict(edge, 60)),
    ]
    table("Start and idle", ("what", "figure", "target"), rows)


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _pid(data_dir: Path, role: str) -> int:
    """The process of this data folder with these words on its command line."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if role in line and str(data_dir) in line:
                return int(folder.name)
    raise RuntimeError(f"no process {role!r}")


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no VmRSS")


if __name__ == "__main__":
    main()
