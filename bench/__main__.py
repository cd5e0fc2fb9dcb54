"""Runs every benchmark, one after the other; each prints a table of ratios taken in one run."""

import subprocess
import sys
from pathlib import Path

NAMES = ("startup", "deploy", "gateway", "loglines", "quota", "google")


def main() -> int:
    wanted = sys.argv[1:] or NAMES
    root = Path(__file__).parent.parent
    return max(subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=root).returncode for name in wanted)


if __name__ == "__main__":
    sys.exit(main())
