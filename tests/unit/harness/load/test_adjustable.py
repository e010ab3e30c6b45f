"""Locust in a process of its own, as in a load pod, with a server of ours on the loopback."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.kube.wait import wait_until
from harness.load.adjustable import PROGRAM


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: set

    def do_GET(self):
        self.connections.add(self.client_address)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        """Nobody reads it."""


def read(file):
    return file.read_text() if file.exists() else ""


def test_users_come_and_go_as_the_file_says_each_request_on_a_connection_of_its_own(tmp_path):
    connections = set()
    wanted, there = tmp_path / "wanted", tmp_path / "there"
    wanted.write_text("99\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Answer,), {"connections": connections})) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        plan = {"url": url, "wanted": str(wanted), "there": str(there), "most_users": 5, "limit_s": 60, "timeout_s": 5}
        argv = [sys.executable, "-c", PROGRAM, json.dumps(plan)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as locust:
            wait_until("the most users", lambda: read(there), lambda users: users == "5", deadline_s=60)
            wait_until("ten requests", lambda: len(connections), lambda count: count >= 10, deadline_s=60)
            wanted.write_text("stop\n")
            told, complaint = locust.communicate(timeout=60)
        server.shutdown()
    assert locust.returncode == 0, complaint
    assert json.loads(told) == {"requests": len(connections), "failures": 0}
