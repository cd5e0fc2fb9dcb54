import os
from pathlib import Path

import web

STATE = Path("/app/state")


def answer(path: str, host: str) -> web.Answer:
    match path:
        case "/write":
            STATE.write_text("written")
        case "/exit":
            os._exit(1)
        case "/fill":
            with Path("/app/hoard").open("wb") as file:
                while True:
                    file.write(bytes(1 << 20))
        case "/read" if STATE.exists():
            return 200, STATE.read_text().strip()
    return 200, "nothing"


web.serve(answer)
