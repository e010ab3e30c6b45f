import socket
import subprocess
import sys
from contextlib import ExitStack, closing, suppress

from harness.kube.wait import wait_until
from harness.performance.many_endpoints import (
    PROGRAM,
    many_endpoints_backends,
    many_endpoints_pod,
    many_endpoints_service,
)

ADDRESS = "10.244.1.9"


def test_every_port_of_the_pod_is_an_endpoint_of_its_own():
    service, *slices = many_endpoints_service("many-3", ADDRESS, 3)
    assert {found["metadata"]["labels"]["kubernetes.io/service-name"] for found in slices} == {"many-3"}
    assert {found["ports"][0]["name"] for found in (*slices, service["spec"])} == {"http"}
    endpoints = {(found["endpoints"][0]["addresses"][0], found["ports"][0]["port"]) for found in slices}
    assert endpoints == {(backend.address, backend.port) for backend in many_endpoints_backends(ADDRESS, 3)}


def test_the_pod_is_ready_when_it_listens_on_its_last_port():
    (container,) = many_endpoints_pod("image", "many", 250, node="n1")["spec"]["containers"]
    assert container["command"][-2:] == ["20000", "250"]
    assert container["readinessProbe"]["tcpSocket"]["port"] == 20249


def first_of_free(count):
    """Return the first of `count` consecutive free ports, below the range that the kernel assigns to other sockets."""
    for first in range(20_000, 30_000, count):
        with ExitStack() as found, suppress(OSError):
            for port in range(first, first + count):
                found.enter_context(closing(socket.create_server(("127.0.0.1", port))))
            return first
    raise AssertionError("no ports are free")


def test_the_server_listens_on_all_ports():
    first = first_of_free(3)

    def answers(port):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", port)) == 0

    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(first), "3"]) as server:
        try:
            wait_until("the last port", lambda: answers(first + 2), bool, deadline_s=30)
            assert answers(first)
            assert answers(first + 1)
        finally:
            server.kill()
