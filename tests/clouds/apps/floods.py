"""Prints as fast as it can, and answers all the same."""

import threading

import web


def flood() -> None:
    while True:
        print("y\n" * 50_000, end="", flush=True)


threading.Thread(target=flood).start()
web.serve(web.good)
