"""Headless Services: a DNS name for pods, without a virtual IP."""

import json
from typing import Any

import pytest

from harness.suite import (
    ClaimRecorder,
    Client,
    ClientMaker,
    Cluster,
    DataPlane,
    Kube,
    Observation,
    ServiceMaker,
    Waits,
    observe_within,
)
from suites.services.decisions import HeadlessName, decide_headless

RESOLVED_DEADLINE_S = 60.0
"""Twice the 30 s for which an existing cluster's CoreDNS may cache an answer (`cache 30` in kubeadm's Corefile)."""

LOOK_UP = "import json, socket, sys; print(json.dumps(socket.gethostbyname_ex(sys.argv[1])[2]))"


@pytest.mark.claim("17.1")
def test_a_headless_name_returns_the_pods(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """The Service has no virtual IP, DNS returns the pods' addresses, and no kernel has rules with them."""
    web = make_service("web", clusterIP="None")
    client = make_client("client")
    addresses = frozenset(web.pods.values())
    resolved = observe_resolved(client, web.dns_name, addresses)
    mentioned = [node.name for node in cluster.nodes for address in addresses if dataplane.mentions(node, address)]
    seen = HeadlessName(
        cluster_ip=web.cluster_ip,
        pods=addresses,
        resolved=resolved.seen,
        in_kernel_of=tuple(dict.fromkeys(mentioned)),
        nodes=len(cluster.nodes),
    )
    claim.record("17.1", decide_headless(seen))
    resolved.require()
    assert web.cluster_ip == "None", web.cluster_ip
    assert not mentioned, f"kube-proxy has rules with an address of {sorted(addresses)} on {mentioned}"


def test_a_headless_name_returns_unready_pods_if_requested(
    make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """With publishNotReadyAddresses the name also returns pods that are not Ready."""
    ready_only = make_service("ready-only", 2, switchable=True, clusterIP="None")
    client = make_client("client")
    unready = next(iter(ready_only.pods))
    ready_only.set_ready(unready, False)
    wait_resolved(client, ready_only.dns_name, frozenset(set(ready_only.pods.values()) - {ready_only.pods[unready]}))

    everything = make_service("everything", 2, switchable=True, clusterIP="None", publishNotReadyAddresses=True)
    everything.set_ready(next(iter(everything.pods)), False)
    everything.waits.wait_endpoints(everything.namespace, "everything", 2)
    wait_resolved(client, everything.dns_name, frozenset(everything.pods.values()))


def test_the_pods_of_a_stateful_set_have_names_of_their_own(
    cluster: Cluster, kube: Kube, waits: Waits, namespace: str, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """<pod>.<service> resolves to the address of that pod only."""
    make_service("db", 1, clusterIP="None")
    kube.create(namespace, stateful_set(cluster, "db", 2))
    pods = waits.wait_pods_ready(namespace, "statefulset=db", 2)
    client = make_client("client")
    for pod in pods:
        name = f"{pod['metadata']['name']}.db.{namespace}.svc.cluster.local"
        wait_resolved(client, name, frozenset({pod["status"]["podIP"]}))


def stateful_set(cluster: Cluster, name: str, replicas: int) -> dict[str, Any]:
    """Return a StatefulSet governed by the headless Service `name`. Its pods match the Service's selector."""
    labels = {"app": name, "statefulset": name}
    container = {"name": "server", "image": cluster.images.agnhost, "args": ["netexec"]}
    pod = {"terminationGracePeriodSeconds": 0, "enableServiceLinks": False, "containers": [container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "serviceName": name,
            "replicas": replicas,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": {"statefulset": name}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def wait_resolved(client: Client, name: str, addresses: frozenset[str]) -> frozenset[str]:
    """Wait until the name resolves to exactly these addresses. DNS follows the API with a short delay."""
    return observe_resolved(client, name, addresses).require()


def observe_resolved(client: Client, name: str, addresses: frozenset[str]) -> Observation[frozenset[str]]:
    """Observe what the name resolves to, until it is exactly these addresses or the deadline has passed."""
    return observe_within(
        f"{name} resolves to {sorted(addresses)}",
        lambda: resolve(client, name),
        lambda resolved: resolved == addresses,
        within_s=RESOLVED_DEADLINE_S,
    )


def resolve(client: Client, name: str) -> frozenset[str]:
    """Return the addresses that the client's pod resolves the name to. Empty if the look-up fails."""
    done = client.run("python3", "-c", LOOK_UP, name)
    return frozenset(json.loads(done.stdout)) if done.exit_code == 0 else frozenset()
