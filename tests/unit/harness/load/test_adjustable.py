"""Locust in a process of its own, as in a load pod, with a local HTTP server as its target."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.kube.wait import wait_until
from harness.load.adjustable import PROGRAM

USERS = 5


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: set

    def do_GET(self):
        self.connections.add(self.client_address)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        """Log nothing."""


def read(file):
    return file.read_text() if file.exists() else ""


def test_the_number_of_users_follows_the_file_and_every_request_has_a_new_connection(tmp_path):
    connections = set()
    wanted, current = tmp_path / "wanted", tmp_path / "there"
    wanted.write_text("99\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Answer,), {"connections": connections})) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        files = {"wanted": str(wanted), "there": str(current)}
        plan = {"url": url, **files, "most_users": USERS, "limit_s": 60, "timeout_s": 5}
        argv = [sys.executable, "-c", PROGRAM, json.dumps(plan)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as locust:
            wait_until("the maximum of users", lambda: read(current), lambda users: users == str(USERS), deadline_s=60)
            wait_until("ten requests", lambda: len(connections), lambda count: count >= 10, deadline_s=60)
            wanted.write_text("stop\n")
            output, errors = locust.communicate(timeout=60)
        server.shutdown()
    assert locust.returncode == 0, errors
    counts = json.loads(output)
    assert counts["failures"] == 0
    # A request that had no answer yet when Locust stopped is not counted: at most one for each user.
    assert counts["requests"] <= len(connections) <= counts["requests"] + USERS
