"""Filler Services: many, with endpoints, and without a single pod.

Their endpoints lie in 192.0.2.0/24 (RFC 5737), where nothing is and nothing is ever sent. Each gets a
ClusterIP of our choosing, which spares the API server its slow search for a free one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import Any

from kubernetes.client.exceptions import ApiException

from harness.dataplane.reader import ServiceAddress
from harness.errors import DeadlinePassed
from harness.kube.client import Kube
from harness.kube.kinds import collection

WRITERS = 32
PORT = 80
LABEL = "io.kubeproof.filler"
FIRST = 0x4000
"""Where our addresses begin within the Service network, past what the API server gives away first."""

RETRY_STEP = 0x2800
ATTEMPTS = 4
PAUSE = 4
CONFLICT = 409
UNPROCESSABLE = 422


def dummy_address(cidr: str, number: int, attempt: int = 0) -> str:
    """The ClusterIP of filler `number`; another one for each `attempt`."""
    return str(ip_network(cidr)[FIRST + attempt * RETRY_STEP + number])


def dummy_name(number: int) -> str:
    """Of the Service and of its EndpointSlice."""
    return f"filler-{number:05d}"


def create_dummies(kube: Kube, namespace: str, numbers: Iterable[int]) -> tuple[ServiceAddress, ...]:
    """Create fillers; their fronts. Numbers that exist already are left as they are."""
    with ThreadPoolExecutor(WRITERS) as writers:
        return tuple(writers.map(lambda number: _create(kube, namespace, number), numbers))


def remove(kube: Kube, namespace: str) -> None:
    """Delete every filler of the namespace.

    One by one: a server that is asked to delete a whole collection answers only when the last one is gone,
    which for thousands takes longer than any client waits.
    """
    with ThreadPoolExecutor(WRITERS) as writers:
        # Taken one by one, so that what a writer met is raised here.
        for _ in writers.map(lambda dummy: kube.delete(namespace, dummy), existing(kube, namespace)):
            pass


def existing(kube: Kube, namespace: str) -> Iterator[dict[str, Any]]:
    """Every Service and EndpointSlice of a filler in the namespace."""
    for api, kind in (("v1", "Service"), ("discovery.k8s.io/v1", "EndpointSlice")):
        named = {"apiVersion": api, "kind": kind}
        listed = kube.get(f"{collection(namespace, named)}?labelSelector={LABEL}")
        yield from ({**named, **item} for item in listed["items"])


def wait_everywhere(wrong: Callable[[], Iterator[frozenset[ServiceAddress]]], *, deadline_s: float) -> float:
    """Seconds until no kernel holds a wrong set of service addresses any more.

    `wrong` reads one node's kernel after the other: what is missing there, or there still. A node is not
    read before the one ahead of it is right, and four times as long as the last look took is left before the
    next: reading a large table costs a node the time that its proxy needs. Raises `DeadlinePassed`.
    """
    start_s = time.monotonic()
    while True:
        sample_start_s = time.monotonic()
        first_wrong = next(((number, wrong_ports) for number, wrong_ports in enumerate(wrong()) if wrong_ports), None)
        now_s = time.monotonic()
        if first_wrong is None:
            return now_s - start_s
        if now_s - start_s > deadline_s:
            number, wrong_ports = first_wrong
            such_as = min(port.address for port in wrong_ports)
            raise DeadlinePassed(
                "dummy Services in every node's kernel",
                f"{len(wrong_ports)} service addresses wrong on node {number + 1}, such as {such_as}",
                now_s - start_s,
            )
        time.sleep(max(0.5, PAUSE * (now_s - sample_start_s)))  # see above


def _create(kube: Kube, namespace: str, number: int) -> ServiceAddress:
    address = _create_service(kube, namespace, dummy_name(number), number)
    try:
        kube.create(namespace, dummy_endpoint_slice(number))
    except ApiException as refusal:
        if refusal.status != CONFLICT:
            raise
    return ServiceAddress(address, PORT)


def _create_service(kube: Kube, namespace: str, name: str, number: int) -> str:
    """Its ClusterIP: ours, or that of the filler which is there already."""
    for attempt in range(ATTEMPTS):
        address = dummy_address(kube.cluster.service_cidr, number, attempt)
        try:
            kube.create(namespace, _service(name, address))
        except ApiException as refusal:
            if refusal.status == CONFLICT:
                break
            if refusal.status != UNPROCESSABLE or attempt == ATTEMPTS - 1:
                raise
            continue  # somebody else has that address
        return address
    made = kube.get(f"/api/v1/namespaces/{namespace}/services/{name}")
    return str(made["spec"]["clusterIP"])


def _service(name: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {LABEL: "yes"}},
        "spec": {"clusterIP": address, "ports": [{"port": PORT}]},
    }


def dummy_endpoint_slice(number: int) -> dict[str, Any]:
    """Where filler `number` leads to, as a manifest."""
    name = dummy_name(number)
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {LABEL: "yes", "kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"port": PORT}],
        "endpoints": [{"addresses": [f"192.0.2.{number % 254 + 1}"]}],
    }
