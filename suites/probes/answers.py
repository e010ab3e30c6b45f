"""Program of a pod: an HTTP server on port 8080 whose response depends on the path.

/status/<code> has that status, /redirect/<code> redirects to /status/<code> on the same host, /elsewhere redirects to
another host, and /slow responds after `SLOW_S` seconds.
"""

import socketserver
import time

SLOW_S = 5


class Answer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        path = self.rfile.readline().decode().split()[1]
        while self.rfile.readline().strip():
            continue
        kind, _, code = path.strip("/").partition("/")
        if kind == "slow":
            time.sleep(SLOW_S)  # longer than a probe's timeoutSeconds
        place = {"redirect": f"Location: /status/{code}\r\n", "elsewhere": "Location: http://elsewhere.invalid/\r\n"}
        status = code if kind == "status" else "200" if kind == "slow" else "302"
        head = f"HTTP/1.1 {status} Answer\r\n{place.get(kind, '')}Content-Length: 0\r\nConnection: close\r\n\r\n"
        self.wfile.write(head.encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("", 8080), Answer) as server:
    server.serve_forever()
