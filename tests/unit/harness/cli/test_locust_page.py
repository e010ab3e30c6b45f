"""Locust's web UI, with Locust in separate processes and an echo server on the loopback interface."""

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
from clusters.host.progress import PrintedProgress
from clusters.spec import Mode
from harness.cli.locust_page import free_port, master_argv, require_ended_well, show_locust_page
from harness.kube.wait import wait_until
from harness.load.master import PROCESSES
from harness.plugin.run.request import request_for_cluster
from tests.fakes.cluster.apiserver import FakeApiServer, serving

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
    """Yield the environment variables with the address of an echo server."""
    argv = [sys.executable, "-m", "kubeproof_load.echo"]
    known = {**os.environ, "PYTHONPATH": str(PROCESSES)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=known) as server:
        yield {"KUBEPROOF_ADDRESS": "127.0.0.1", "KUBEPROOF_PORT": server.stdout.readline().strip()}
        server.stdin.close()


def two_ports():
    """Return two free ports. Both are bound at the same time, so that they differ."""
    with closing(socket.create_server(("", 0))) as page, closing(socket.create_server(("", 0))) as master:
        return page.getsockname()[1], master.getsockname()[1]


def request(port, path, data=None):
    body = None if data is None else urllib.parse.urlencode(data, doseq=True).encode()
    with closing(urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", body, timeout=10)) as response:
        return response.read().decode()


def workers(port):
    try:
        return json.loads(request(port, "/stats/requests"))["workers"]
    except urllib.error.URLError:
        return []


def test_users_started_in_the_web_ui_report_microseconds(target):
    page, master_port = two_ports()
    worker = [sys.executable, "-m", "locust", "--locustfile", str(FILE), "--worker", "--master-port", str(master_port)]
    with process(master_argv(("127.0.0.1", master_port), page), **target), process(worker, **target):
        wait_until("a worker", lambda: workers(page), bool, deadline_s=60)
        assert "Locust" in request(page, "/")
        request(page, "/swarm", {"user_count": 1, "spawn_rate": 1, "user_classes": ["FirstPacketUser"], "host": ""})
        stats = wait_until(
            "ten first packets",
            lambda: {one["name"]: one for one in json.loads(request(page, "/stats/requests"))["stats"]},
            lambda stats: stats.get("us by the kernel's clock", {}).get("num_requests", 0) >= 10,
            deadline_s=60,
        )
    assert stats["us by our clock"]["method"] == "first_packet"
    assert not stats["us by our clock"]["num_failures"]
    assert stats["us by the kernel's clock"]["avg_response_time"] >= 1


def test_failed_requests_in_the_web_ui_do_not_make_the_master_fail():
    (page, master_port), closed_port = two_ports(), {"KUBEPROOF_ADDRESS": "127.0.0.1", "KUBEPROOF_PORT": "9"}
    worker = [sys.executable, "-m", "locust", "--locustfile", str(FILE), "--worker", "--master-port", str(master_port)]
    with (
        process(master_argv(("127.0.0.1", master_port), page), **closed_port) as master,
        process(worker, **closed_port),
    ):
        wait_until("a worker", lambda: workers(page), bool, deadline_s=60)
        request(page, "/swarm", {"user_count": 1, "spawn_rate": 1, "user_classes": ["FirstPacketUser"], "host": ""})
        wait_until("a failure", lambda: json.loads(request(page, "/stats/requests"))["fail_ratio"], bool, deadline_s=60)
    require_ended_well(master)


class Killed:
    """An owner that gets SIGTERM while it creates the cluster, while it cleans up after that, and while it closes."""

    def __init__(self) -> None:
        self.cleaned_up = self.removed = False

    def open(self, request, progress):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            raise AssertionError("SIGTERM did not interrupt open")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            self.cleaned_up = True

    def close(self, logs, progress):
        os.kill(os.getpid(), signal.SIGTERM)
        self.removed = True


def test_sigterm_interrupts_like_ctrl_c_and_everything_is_removed():
    owner = Killed()
    with pytest.raises(KeyboardInterrupt):
        show_locust_page(request_for_cluster(Mode.IPVS, None, None), 1, free_port(), owner, PrintedProgress())
    assert owner.cleaned_up
    assert owner.removed


class Failed(Killed):
    """An owner that fails to create a cluster, and gets SIGTERM while it closes."""

    def open(self, request, progress):
        raise WorldError("no cluster")


def test_a_cluster_that_failed_to_start_is_removed_despite_sigterm():
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


def test_an_image_that_nodes_of_an_existing_cluster_cannot_pull_is_reported_before_anything_starts(tmp_path):
    pods = "/api/v1/namespaces/ours/pods"
    waiting = {"waiting": {"reason": "InvalidImageName", "message": "no such thing"}}
    names = [f"images-{tools_pod_name(name)}" for name in ("node", "worker")]
    unpulled = [
        {
            "metadata": {"name": name},
            "spec": {"containers": [{"name": "load", "image": "load"}]},
            "status": {"containerStatuses": [{"name": "load", "state": waiting}]},
        }
        for name in names
    ]
    server = FakeApiServer(
        {
            f"POST {pods}": {},
            f"GET {pods}": {"items": unpulled},
            **{f"DELETE {pods}/{name}": {} for name in names},
        }
    )
    with serving(server, tmp_path) as cluster:
        owner = OnExisting(replace(cluster, network=None, namespace="ours"))
        with pytest.raises(
            ImageUnavailable, match="node node of cluster fake cannot pull image load: InvalidImageName"
        ):
            show_locust_page(request_for_cluster(Mode.IPVS, None, None), 1, free_port(), owner, PrintedProgress())
    assert owner.closed
    assert {asked.partition(" ")[2].partition("/pods")[0] for asked in server.asked} == {"/api/v1/namespaces/ours"}


class NeverCalled:
    """An owner that must not be called."""

    def open(self, request, progress):
        raise AssertionError("the owner was called")


def test_a_port_in_use_is_reported_before_anything_is_created():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"--port={port} cannot be used on 127\.0\.0\.1: Address already in use"):
            show_locust_page(request_for_cluster(Mode.IPVS, None, None), 1, port, NeverCalled(), PrintedProgress())
