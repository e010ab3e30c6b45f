"""What Locust's own users and our generator send per CPU second."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from clusters.errors import WorldError
from harness.load.locust_users import locust_argv, our_requests_per_cpu_s, requests_per_cpu_s
from harness.load.plan import Block, LoadResult, Target, TargetBlocks

QUIET = TargetBlocks(())


class Hello(BaseHTTPRequestHandler):
    """A server that answers on persistent connections."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("user", ["FastHttpUser", "HttpUser"])
def test_locusts_users_send_at_the_rate(user):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    Thread(target=server.serve_forever, daemon=True).start()
    _, *argv = locust_argv(user, Target("web", "127.0.0.1", server.server_port), "/hostname", 40, 2)
    done = subprocess.run([sys.executable, *argv], capture_output=True, text=True, check=True)
    server.shutdown()
    server.server_close()
    reported = json.loads(done.stdout)
    assert 8 <= reported["requests"] <= 88  # 8 users that send at their start and then every 0.2 s at most
    assert reported["failures"] == 0
    assert requests_per_cpu_s(done.stdout, reported["requests"]) == reported["requests"] / reported["cpu_s"]


@pytest.mark.parametrize(("requests", "failures"), [(100, 1), (89, 0)])
def test_users_that_fail_or_do_not_keep_up_are_not_compared(requests, failures):
    with pytest.raises(WorldError, match=f"sent {requests} of 100 requests, and {failures} failed"):
        requests_per_cpu_s(json.dumps({"requests": requests, "failures": failures, "cpu_s": 0.1}), 100)


def test_our_requests_per_cpu_second_count_the_busiest_worker():
    assert our_requests_per_cpu_s(LoadResult(4000, 0, 0, 0.2, 0, 0.0, {}, QUIET), 10) == 2000


@pytest.mark.parametrize(("missed", "errors"), [(1, {}), (0, {"timed out": 1})])
def test_our_requests_that_failed_or_were_missed_are_not_compared(missed, errors):
    web = TargetBlocks((Block(0, errors=errors),))
    result = LoadResult(4000, missed, 0, 0.2, 0, 0.0, {"web": web}, QUIET)
    with pytest.raises(WorldError, match="of 4000 requests of our generator"):
        our_requests_per_cpu_s(result, 10)
