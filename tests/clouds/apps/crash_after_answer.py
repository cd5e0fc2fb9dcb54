import os
import threading

import web


def answer(path: str, host: str) -> web.Answer:
    threading.Timer(0.05, os._exit, [9]).start()
    print("Error: the cache is corrupt", flush=True)
    return 200, "ok"


web.serve(answer)
