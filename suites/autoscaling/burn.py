"""Program of a pod: burns CPU all the time and for every request, and records its container's CPU usage.

Arguments: the share of a core to burn all the time, and the milliseconds of CPU that a GET of / burns. A GET of
/ready burns nothing. /cpu returns one reading per second since the start: [[Unix time, CPU seconds used], ...].
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SHARE, EACH_S = float(sys.argv[1]), float(sys.argv[2]) / 1000
PERIOD_S = 0.1
V1 = Path("/sys/fs/cgroup/cpuacct/cpuacct.usage")
V2 = Path("/sys/fs/cgroup/cpu.stat")
READINGS: list[tuple[float, float]] = []


def used_s() -> float:
    """Return the container's CPU seconds by the kernel's count.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu
    """
    return int(V1.read_text()) / 1e9 if V1.exists() else int(V2.read_text().split()[1]) / 1e6


def burn(duration_s: float) -> None:
    """Burn this many CPU seconds in the current thread."""
    end_s = time.thread_time() + duration_s
    while time.thread_time() < end_s:
        continue


def burn_always() -> None:
    while True:
        burn(SHARE * PERIOD_S)
        time.sleep(PERIOD_S * (1 - SHARE))  # idle for the rest of the period


def read_always() -> None:
    while True:
        READINGS.append((time.time(), used_s()))
        time.sleep(1.0)  # the interval between readings


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/":
            burn(EACH_S)
        body = json.dumps(READINGS).encode() if self.path == "/cpu" else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: requests are too many."""


threading.Thread(target=read_always, daemon=True).start()
if SHARE:
    threading.Thread(target=burn_always, daemon=True).start()
ThreadingHTTPServer(("", 8080), Answer).serve_forever()
