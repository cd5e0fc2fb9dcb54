from http.server import BaseHTTPRequestHandler, HTTPServer

PORT = 8765


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"From the standard library")


if __name__ == "__main__":
    HTTPServer(("", PORT), Hello).serve_forever()
