import sys

import web


def answer(path: str, host: str) -> web.Answer:
    print("sqlite3.OperationalError: no such table: users", file=sys.stderr, flush=True)
    return 500, "Internal Server Error"


web.serve(answer)
