import socket
import subprocess

import pytest

from clusters.errors import WorldError
from harness.load.other_generators import GeneratorResult, Reported, echo_argv, hey_argv, parse_hey, parse_wrk, wrk_argv
from harness.load.plan import Target

WEB = Target("web", "10.96.0.9", 80)
HEY = """response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
0.0009,0.0003,0.0000,0.0000,0.0002,0.0001,200,0.0279
0.0004,0.0000,0.0000,0.0000,0.0002,0.0001,200,0.0481
0.0005,0.0000,0.0000,0.0000,0.0004,0.0000,{},0.0688
"""
WRK = """Running 2s test @ http://10.96.0.9:80/
  1 threads and 1 connections
  Latency Distribution
     50%   90.00us
     75%  153.00us
     90%  225.00us
     99%    2.08ms
  195 requests in 2.02s, 7.62KB read
Requests/sec:     96.76
"""


def test_latencies_are_read_from_heys_list_of_requests():
    reported = parse_hey(HEY.format(200))
    assert (reported.n, reported.p50_us, reported.resolution_us) == (3, pytest.approx(500, abs=1), 100.0)
    with pytest.raises(WorldError, match="not all were answered with 200"):
        parse_hey(HEY.format(503))


def test_latencies_are_read_from_wrks_summary():
    reported = parse_wrk(WRK)
    assert (reported.n, reported.p50_us, reported.p99_us) == (195, 90.0, 2080.0)
    with pytest.raises(WorldError, match="no complete summary"):
        parse_wrk(WRK.replace("195 requests", "requests"))
    with pytest.raises(WorldError, match="no complete summary"):
        parse_wrk(WRK + "  Socket errors: connect 0, read 3\n")


def test_hey_and_wrk_are_paced():
    assert hey_argv(WEB, "/hostname", 100, 10, kept=False)[1:8] == (
        "-z",
        "10s",
        "-c",
        "1",
        "-q",
        "100",
        "-disable-keepalive",
    )
    assert "return 10 end" in wrk_argv(WEB, "/hostname", 100, 10)[2]


def test_the_baseline_is_subtracted_from_a_generators_median():
    assert (
        GeneratorResult(Reported("hey", 900, 600, 1900, 100), Reported("hey", 280, 250, 700, 100)).above_baseline_us
        == 350
    )


def test_the_server_of_the_baseline_prints_its_port_and_keeps_running(tmp_path):
    argv = echo_argv(lifetime_s=5, line=str(tmp_path / "line"))
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    with socket.create_connection(("127.0.0.1", int(done.stdout))) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
