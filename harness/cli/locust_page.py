"""Locust's own web page for a cluster: a Service with backends, workers in pods, and a master on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from clusters.cluster import Cluster
from clusters.errors import UsageError, WorldError
from clusters.host.progress import Progress
from clusters.host.supervisor import supervise
from harness.dataplane.services import service_path
from harness.kube.client import Kube
from harness.kube.objects.namespaces import own_namespace
from harness.kube.objects.workloads import backends, service
from harness.kube.wait import Waits
from harness.load.generator import address_towards
from harness.load.master import PROCESSES
from harness.load.plan import Target, require_within
from harness.load.workers import FOLDER, PACKAGE, worker_pods
from harness.plugin.images import require_images
from harness.plugin.run.cancellation import interrupted_once, uninterrupted
from harness.plugin.run.owner import ClusterOwner
from harness.plugin.run.request import ClusterRequest

PREFIX = "kubeproof-load-"
NAME = "web"
BACKENDS = 3
LOCUSTFILE = "locustfile.py"
IMAGES = frozenset(("agnhost", "load"))
"""Images that the cluster's nodes must have, as fields of `CaseImages`."""


@contextmanager
def exploring(cluster: Cluster, workers: int, page_port: int, progress: Progress) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the process of Locust's master, whose page is at `page_port`; remove everything at the block's end.

    Raises `Refused` if the Service's address is not one of the cluster's own.
    """
    kube = Kube(cluster)
    # The API server chooses the name, so it cannot collide with the namespace of another process, living or killed.
    with own_namespace(kube, {"generateName": PREFIX}) as namespace:
        progress.step(f"a Service with {BACKENDS} backends")
        target = _service(kube, namespace)
        require_within(cluster, target)
        node = cluster.workers[0] if cluster.workers else cluster.nodes[0]
        master = (address_towards(node.address), free_port())
        progress.step(f"{workers} Locust workers on {node.name}")
        kube.create(namespace, *_workers(cluster, node.name, workers, master, target))
        Waits(kube).wait_pods_ready(namespace, "load=locust-page", workers)
        supervise()
        with subprocess.Popen(master_argv(master, page_port), env=_environment(target)) as process:
            try:
                yield process
            finally:
                process.terminate()


def show_locust_page(
    request: ClusterRequest, workers: int, page_port: int, owner: ClusterOwner, progress: Progress
) -> None:
    """Show the page until Ctrl-C or SIGTERM, then remove the cluster if it was created for this.

    Raises `UsageError`, before anything is created, if the page's port is not free.
    """
    require_port(page_port)
    with interrupted_once():
        try:
            cluster = owner.open(request, progress)
            require_images(cluster, IMAGES, progress)
            with exploring(cluster, workers, page_port, progress) as locust, suppress(KeyboardInterrupt):
                progress.step(f"http://127.0.0.1:{page_port} is Locust's page; Ctrl-C ends it")
                locust.wait()
            require_ended_well(locust)
        finally:
            with uninterrupted():
                owner.close(Path(tempfile.mkdtemp(prefix="kubeproof-load-")), progress)


def master_argv(master: tuple[str, int], page_port: int) -> list[str]:
    """Return the master's command: its page on 127.0.0.1 only, its worker port at an address that pods reach."""
    address, port = master
    return [
        *(sys.executable, "-m", "locust", "--locustfile", str(Path(PROCESSES) / PACKAGE / LOCUSTFILE)),
        *("--master", "--master-bind-host", address, "--master-bind-port", str(port)),
        *("--web-host", "127.0.0.1", "--web-port", str(page_port), "--class-picker"),
        # Failed requests are shown on the page; they are not a failure of Locust itself.
        *("--exit-code-on-error", "0"),
    ]


def free_port() -> int:
    """Return a port that no process listens on."""
    with closing(socket.create_server(("", 0))) as listener:
        return int(listener.getsockname()[1])


def require_port(port: int) -> None:
    """Raise `UsageError` if the port of 127.0.0.1 is taken, or may not be used."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as failure:
        why = failure.strerror or str(failure)
        raise UsageError(f"--port={port} cannot be used on 127.0.0.1: {why}", remedy="name another") from failure


def _service(kube: Kube, namespace: str) -> Target:
    waits = Waits(kube)
    kube.create(namespace, backends(kube.cluster.images, NAME, BACKENDS), service(NAME, NAME))
    waits.wait_pods_ready(namespace, f"app={NAME}", BACKENDS)
    waits.wait_endpoints(namespace, NAME, BACKENDS)
    return Target(NAME, str(kube.get(service_path(namespace, NAME))["spec"]["clusterIP"]), 80)


def _workers(
    cluster: Cluster, node: str, workers: int, master: tuple[str, int], target: Target
) -> tuple[dict[str, Any], ...]:
    """Return the load generator's worker pods, running Locust's own worker."""
    programs, deployment = worker_pods(cluster.images.load, "locust-page", node=node, workers=workers, master=master)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    container["command"] = [
        *("python3", "-m", "locust", "--locustfile", f"{FOLDER}/{PACKAGE}/{LOCUSTFILE}", "--worker"),
        *("--master-host", master[0], "--master-port", str(master[1])),
    ]
    container["env"] += [{"name": name, "value": value} for name, value in _words(target).items()]
    return programs, deployment


def _environment(target: Target) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROCESSES), **_words(target)}


def _words(target: Target) -> dict[str, str]:
    return {"KUBEPROOF_ADDRESS": target.address, "KUBEPROOF_PORT": str(target.port)}


def require_ended_well(process: subprocess.Popen[bytes]) -> None:
    """Raise `WorldError` if Locust ended by itself with an error."""
    if process.returncode not in (0, None, -15):
        raise WorldError(f"Locust's master ended with {process.returncode}", remedy="its own lines above say why")
