"""The command line: starts processes, and is a client of the HTTP API for everything else."""

import sys


def main() -> None:
    """The `devgem` program. Exit codes are listed in devgem.cli.outcome."""
    from devgem.cli.program import run

    sys.exit(run())
