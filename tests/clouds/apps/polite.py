"""Says goodbye."""

import signal
import sys

import web


def leave(number: int, frame: object) -> None:
    print("goodbye", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, leave)
print("started", flush=True)
web.serve(web.good)
