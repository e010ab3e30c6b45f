"""Locust's own page, in processes of its own, with a server of ours on the loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from clusters.errors import ImageUnavailable, UsageError, WorldError
from clusters.existing.toolspod import tools_pod_name
from clusters.progress import PrintedProgress
from clusters.spec import Mode
from harness.cli.locust_page import free_port, master_argv, require_ended_well, show_locust_page
from harness.kube.wait import wait_until
from harness.load.master import PROCESSES
from harness.plugin.run.request import request_for_cluster
from tests.fakes.apiserver import FakeApiServer, serving

FILE = PROCESSES / "kubeproof_load" / "locustfile.py"


@contextmanager
def process(argv, **environment):
    known = {**os.environ, "PYTHONPATH": str(PROCESSES), **environment}
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=known) as started:
        try:
            yield started
        finally:
            started.terminate()


@pytest.fixture
def target():
    """Where an echo server listens, as the programs' environment."""
    argv = [sys.executable, "-m", "kubeproof_load.echo"]
    known = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=known) as server:
        yield {"KUBEPROOF_ADDRESS": "127.0.0.1", "KUBEPROOF_PORT": server.stdout.readline().strip()}
        server.stdin.close()


def two_ports():
    """Held at the same time, or they might be one."""
    with closing(socket.create_server(("", 0))) as page, closing(socket.create_server(("", 0))) as door:
        return page.getsockname()[1], door.getsockname()[1]


def ask(port, path, data=None):
    body = None if data is None else urllib.parse.urlencode(data, doseq=True).encode()
    with closing(urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", body, timeout=10)) as answer:
        return answer.read().decode()


def workers(port):
    try:
        return json.loads(ask(port, "/stats/requests"))["workers"]
    except urllib.error.URLError:
        return []


def test_users_chosen_on_the_page_tell_microseconds(target):
    page, door = two_ports()
    worker = [sys.executable, "-m", "locust", "--locustfile", str(FILE), "--worker", "--master-port", str(door)]
    with process(master_argv(("127.0.0.1", door), page), **target), process(worker, **target):
        wait_until("a worker", lambda: workers(page), bool, deadline_s=60)
        assert "Locust" in ask(page, "/")
        ask(page, "/swarm", {"user_count": 1, "spawn_rate": 1, "user_classes": ["FirstPacketUser"], "host": ""})
        told = wait_until(
            "ten first packets",
            lambda: {one["name"]: one for one in json.loads(ask(page, "/stats/requests"))["stats"]},
            lambda told: told.get("us by the kernel's clock", {}).get("num_requests", 0) >= 10,
            deadline_s=60,
        )
    assert told["us by our clock"]["method"] == "first_packet"
    assert not told["us by our clock"]["num_failures"]
    assert told["us by the kernel's clock"]["avg_response_time"] >= 1


def test_what_fails_on_the_page_is_not_locusts_own_failure():
    (page, door), nobody = two_ports(), {"KUBEPROOF_ADDRESS": "127.0.0.1", "KUBEPROOF_PORT": "9"}
    worker = [sys.executable, "-m", "locust", "--locustfile", str(FILE), "--worker", "--master-port", str(door)]
    with process(master_argv(("127.0.0.1", door), page), **nobody) as master, process(worker, **nobody):
        wait_until("a worker", lambda: workers(page), bool, deadline_s=60)
        ask(page, "/swarm", {"user_count": 1, "spawn_rate": 1, "user_classes": ["FirstPacketUser"], "host": ""})
        wait_until("a failure", lambda: json.loads(ask(page, "/stats/requests"))["fail_ratio"], bool, deadline_s=60)
    require_ended_well(master)


class Killed:
    """An owner whose cluster is half made, and then half removed, when SIGTERM comes; and again while either ends."""

    def __init__(self) -> None:
        self.unmade = self.removed = False

    def open(self, request, progress):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            raise AssertionError("it went on")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            self.unmade = True

    def close(self, logs, progress):
        os.kill(os.getpid(), signal.SIGTERM)
        self.removed = True


def test_sigterm_ends_it_as_ctrl_c_does_and_leaves_nothing():
    owner = Killed()
    with pytest.raises(KeyboardInterrupt):
        show_locust_page(request_for_cluster(Mode.IPVS, None, None), 1, free_port(), owner, PrintedProgress())
    assert owner.unmade
    assert owner.removed


class Failed(Killed):
    """One whose cluster does not come about."""

    def open(self, request, progress):
        raise WorldError("no cluster")


def test_what_ended_by_itself_is_removed_whoever_comes_then():
    owner = Failed()
    with pytest.raises(WorldError, match="no cluster"):
        show_locust_page(request_for_cluster(Mode.IPVS, None, None), 1, free_port(), owner, PrintedProgress())
    assert owner.removed


class OnExisting:
    """The owner of an existing cluster."""

    def __init__(self, cluster) -> None:
        self._cluster = cluster
        self.closed = False

    def open(self, request, progress):
        return self._cluster

    def close(self, logs, progress):
        self.closed = True


def test_an_image_that_an_existing_clusters_nodes_lack_is_told_before_anything_starts(tmp_path):
    pods = "/api/v1/namespaces/ours/pods"
    waiting = {"waiting": {"reason": "InvalidImageName", "message": "no such thing"}}
    names = [f"images-{tools_pod_name(name)}" for name in ("node", "worker")]
    listed = [
        {
            "metadata": {"name": name},
            "spec": {"containers": [{"name": "load", "image": "load"}]},
            "status": {"containerStatuses": [{"name": "load", "state": waiting}]},
        }
        for name in names
    ]
    server = FakeApiServer(
        {f"POST {pods}": {}, f"GET {pods}": {"items": listed}, **{f"DELETE {pods}/{name}": {} for name in names}}
    )
    with serving(server, tmp_path) as cluster:
        owner = OnExisting(replace(cluster, network=None, namespace="ours"))
        with pytest.raises(
            ImageUnavailable, match="node node of cluster fake cannot pull image load: InvalidImageName"
        ):
            show_locust_page(request_for_cluster(Mode.IPVS, None, None), 1, free_port(), owner, PrintedProgress())
    assert owner.closed
    assert {asked.partition(" ")[2].partition("/pods")[0] for asked in server.asked} == {"/api/v1/namespaces/ours"}


class Untouched:
    """An owner who must not be asked for anything."""

    def open(self, request, progress):
        raise AssertionError("it went on")


def test_a_port_that_is_taken_is_told_before_anything_is_made():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"--port={port} cannot be used on 127\.0\.0\.1: Address already in use"):
            show_locust_page(request_for_cluster(Mode.IPVS, None, None), 1, port, Untouched(), PrintedProgress())
