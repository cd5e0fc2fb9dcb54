"""All of them, one after the other; one alone is `python -m bench quota.speed`."""

import subprocess
import sys

NAMES = ("speed", "cost", "windows", "priorities", "storm")


def main() -> int:
    return max(subprocess.run([sys.executable, "-m", f"bench.quota.{name}"]).returncode for name in NAMES)


if __name__ == "__main__":
    sys.exit(main())
