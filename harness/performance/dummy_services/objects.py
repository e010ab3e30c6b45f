"""Dummy Services: many Services with endpoints but without pods, made only to raise the number of Services.

Their endpoints lie in 192.0.2.0/24 (RFC 5737), which no host uses; nothing is sent there. Each Service is created with
a chosen ClusterIP, which saves the API server its slow search for a free one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import Any

from kubernetes.client.exceptions import ApiException

from clusters.host.patience import DEFAULT
from harness.dataplane.reader import ServiceAddress
from harness.kube.client import Kube
from harness.kube.kinds import collection
from harness.kube.observe import observe_within

WRITERS = 32
PORT = 80
LABEL = "io.kubeproof.dummy"
FIRST = 0x4000
"""The offset of the first dummy address in the Service network, beyond those that the API server allocates first."""

MOST = 30_000
"""The most dummy Services that have an address of their own in a Service network of 65,536 addresses."""

RETRIES, RETRY_STEP = 10_000, 7919
"""The number of addresses behind those of dummy Services, for those whose own is in use, and the steps between an
attempt and the next, a prime."""

MOST_ENDPOINTS = 254
"""The most endpoints of a dummy Service: the addresses of 192.0.2.0/24."""

ATTEMPTS = 4
PAUSE_RATIO = 4
CONFLICT = 409
UNPROCESSABLE = 422


def dummy_address(cidr: str, number: int, attempt: int = 0) -> str:
    """Return the ClusterIP of a dummy Service: its own at first, then another one for each further `attempt`.

    Two dummy Services may get the same one at a further attempt. Few need one, because addresses that the API server
    has allocated to other Services are few.
    """
    offset = number if attempt == 0 else MOST + (number + attempt * RETRY_STEP) % RETRIES
    return str(ip_network(cidr)[FIRST + offset])


def dummy_name(number: int) -> str:
    """Return the name of a dummy Service and of its EndpointSlice."""
    return f"dummy-{number:05d}"


def create_dummies(
    kube: Kube, namespace: str, numbers: Iterable[int], endpoints: int = 1
) -> tuple[ServiceAddress, ...]:
    """Create dummy Services and return their service addresses; do not change those that exist already."""
    with ThreadPoolExecutor(WRITERS) as writers:
        return tuple(writers.map(lambda number: _create(kube, namespace, number, endpoints), numbers))


def remove(kube: Kube, namespace: str) -> None:
    """Delete every dummy Service of the namespace, with its EndpointSlice.

    Each object is deleted by a request of its own: the API server answers the deletion of a whole collection only when
    the last object is gone, which for thousands takes longer than any client waits.
    """
    with ThreadPoolExecutor(WRITERS) as writers:
        # Iterating over the results raises a writer's exception here.
        for _ in writers.map(lambda dummy: kube.delete(namespace, dummy), existing(kube, namespace)):
            pass


def existing(kube: Kube, namespace: str) -> Iterator[dict[str, Any]]:
    """Yield the dummy Services of the namespace, then their EndpointSlices."""
    for api, kind in (("v1", "Service"), ("discovery.k8s.io/v1", "EndpointSlice")):
        named = {"apiVersion": api, "kind": kind}
        found = kube.get(f"{collection(namespace, named)}?labelSelector={LABEL}")
        yield from ({**named, **item} for item in found["items"])


def wait_everywhere(wrong: Callable[[], Iterator[frozenset[ServiceAddress]]], *, deadline_s: float) -> float:
    """Wait until every kernel holds the right service addresses; return the seconds. Raises `DeadlinePassed`.

    `wrong` yields for one node's kernel after the other the addresses that are missing or still there. To leave the CPU
    to kube-proxy, which needs it more than reads of a large table, a node is read only when the nodes before it are
    right, and the pause between two rounds of reads is four times as long as a round.
    """
    observed = observe_within(
        "dummy Services in every node's kernel",
        lambda: next(((number, addresses) for number, addresses in enumerate(wrong(), 1) if addresses), None),
        lambda first_wrong: first_wrong is None,
        within_s=deadline_s,
        describe=_wrong_addresses,
        interval_s=0.5,
        pause_ratio=PAUSE_RATIO,
        patience=DEFAULT,  # the time is a measurement, not a part of the set-up
    )
    observed.require()
    return observed.waited_s


def _wrong_addresses(first_wrong: tuple[int, frozenset[ServiceAddress]] | None) -> str:
    """Return the first node whose kernel is wrong in words."""
    if first_wrong is None:
        return "none wrong"
    number, addresses = first_wrong
    such_as = min(port.address for port in addresses)
    return f"{len(addresses)} service addresses wrong on node {number}, such as {such_as}"


def _create(kube: Kube, namespace: str, number: int, endpoints: int) -> ServiceAddress:
    address = _create_service(kube, namespace, dummy_name(number), number)
    try:
        kube.create(namespace, dummy_endpoint_slice(number, endpoints))
    except ApiException as refusal:
        if refusal.status != CONFLICT:
            raise
    return ServiceAddress(address, PORT)


def _create_service(kube: Kube, namespace: str, name: str, number: int) -> str:
    """Create a dummy Service and return its ClusterIP; if it exists already, return that of the existing one."""
    for attempt in range(ATTEMPTS):
        address = dummy_address(kube.cluster.service_cidr, number, attempt)
        try:
            kube.create(namespace, _service(name, address))
        except ApiException as refusal:
            if refusal.status == CONFLICT:
                break
            if refusal.status != UNPROCESSABLE or attempt == ATTEMPTS - 1:
                raise
            continue  # the address is already allocated
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


def dummy_endpoint_slice(number: int, endpoints: int = 1) -> dict[str, Any]:
    """Return the manifest of a dummy Service's EndpointSlice, with so many endpoints of different addresses."""
    name, first = dummy_name(number), number * endpoints
    addresses = [f"192.0.2.{(first + place) % MOST_ENDPOINTS + 1}" for place in range(endpoints)]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {LABEL: "yes", "kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"port": PORT}],
        "endpoints": [{"addresses": [address]} for address in addresses],
    }
