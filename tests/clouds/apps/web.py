"""What the fixture apps share: a web server of the standard library."""

import os
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, str]


def serve(answer: Callable[[str, str], Answer], host: str = "0.0.0.0", port: int | None = None) -> None:
    """Answers GETs by `answer(path, host header)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, text = answer(self.path, self.headers["Host"])
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            print(format % args, file=sys.stderr, flush=True)

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    Server((host, port or int(os.environ["PORT"])), Handler).serve_forever()


def good(path: str, host: str) -> Answer:
    """`/env/NAME` a config var, `/pid` of the process, `/slow/SECONDS` an answer that takes its time, `/exit/CODE` the
    end of it."""
    verb, _, value = path.strip("/").partition("/")
    match verb:
        case "env":
            return 200, os.environ.get(value, "")
        case "pid":
            return 200, str(time.time_ns())
        case "slow":
            time.sleep(float(value))
        case "exit":
            print("leaving", flush=True)
            os._exit(int(value))
        case "host":
            return 200, host
    return 200, f"hello from {os.environ.get('NAME', 'an app')}"
