"""Defects of the cluster's DNS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.kube.objects.workloads import client_pod
from harness.kube.status import is_ready
from harness.kube.wait import Waits, wait_until
from tests.planted.fault import NAMESPACE, Site

CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/coredns"
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns"
MARK = "io.kubeproof/planted"
CLIENT = "resolver"
LOOK_UP = "import json, socket, sys; print(json.dumps(sorted(socket.gethostbyname_ex(sys.argv[1])[2])))"
DEADLINE_S = 120.0


@contextmanager
def no_dns(site: Site) -> Iterator[None]:
    """Scale CoreDNS to zero replicas."""
    replicas = site.kube.get(DEPLOYMENT)["spec"]["replicas"]
    try:
        site.kube.merge(DEPLOYMENT, {"spec": {"replicas": 0}})
        wait_until(
            f"no pod of CoreDNS in cluster {site.cluster.name}",
            lambda: len(site.kube.get(PODS)["items"]),
            lambda count: count == 0,
            deadline_s=DEADLINE_S,
        )
        yield
    finally:
        site.kube.merge(DEPLOYMENT, {"spec": {"replicas": replicas}})
        _wait_rolled_out(site, replicas)


@contextmanager
def corefile(site: Site, change: Callable[[str], str]) -> Iterator[None]:
    """Run CoreDNS with a changed Corefile."""
    before = site.kube.get(CONFIG_MAP)["data"]["Corefile"]
    changed = change(before)
    assert changed != before, f"nothing to change in the Corefile of cluster {site.cluster.name}:\n{before}"
    try:
        _restart_with(site, changed, "yes")
        yield
    finally:
        _restart_with(site, before, None)


@contextmanager
def resolver(site: Site) -> Iterator[Callable[[str], tuple[str, ...]]]:
    """Yield a function that looks a name up in the cluster and returns its IPv4 addresses, none if it has none."""
    pod = client_pod(site.cluster.images, CLIENT, node=site.worker.name)

    def resolve(name: str) -> tuple[str, ...]:
        done = site.kube.exec(NAMESPACE, CLIENT, ("python3", "-c", LOOK_UP, name))
        return tuple(json.loads(done.stdout)) if done.exit_code == 0 else ()

    try:
        site.kube.create(NAMESPACE, pod)
        Waits(site.kube).wait_pods_ready(NAMESPACE, f"client={CLIENT}", 1)
        yield resolve
    finally:
        site.kube.delete(NAMESPACE, pod)
        Waits(site.kube).wait_gone(f"/api/v1/namespaces/{NAMESPACE}/pods/{CLIENT}")


def _restart_with(site: Site, text: str, mark: str | None) -> None:
    site.kube.merge(CONFIG_MAP, {"data": {"Corefile": text}})
    template = {"metadata": {"annotations": {MARK: mark}}}
    changed = site.kube.merge(DEPLOYMENT, {"spec": {"template": template}})
    _wait_rolled_out(site, changed["spec"]["replicas"])


def _wait_rolled_out(site: Site, replicas: int) -> None:
    """Wait until the newest pods are ready and no other is left, because a terminating pod still answers."""
    Waits(site.kube).wait_deployment_available("kube-system", "coredns")
    wait_until(
        f"{replicas} pods of CoreDNS in cluster {site.cluster.name}, all ready",
        lambda: [is_ready(pod) for pod in site.kube.get(PODS)["items"]],
        lambda ready: ready == [True] * replicas,
        deadline_s=DEADLINE_S,
    )
