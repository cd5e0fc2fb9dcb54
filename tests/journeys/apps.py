"""Small apps that need nothing but Python's standard library, so that a deployment takes a second."""

SERVER = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = {body!r}.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

if __name__ == "__main__":
    {before}
    ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


def server(body: str = "hello", before: str = "pass") -> dict[str, str | bytes]:
    """A web server; `before` is a statement that runs before it listens."""
    return {
        "main.py": SERVER.format(body=body, before=before),
        "requirements.txt": "",
        "Procfile": "web: python main.py\n",
    }


def script(text: str) -> dict[str, str | bytes]:
    """Any program, said to be a web server."""
    return {"main.py": text, "requirements.txt": "", "Procfile": "web: python main.py\n"}
