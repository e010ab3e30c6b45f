"""The changes whose latency is measured: Services are created and deleted, and their only endpoint removed and added.

Each Service has a chosen address, so that probes can start before it exists. Its EndpointSlice is created before it, so
that every change consists of a single object.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Any

from harness.dataplane.reader import Backend
from harness.kube.client import Kube
from harness.kube.kinds import path_of
from harness.load.plan import Target
from harness.performance.programming.probes import Want

PORT = 80
FIRST = 0xE000
"""The offset of the first address in the Service network, beyond those of dummy Services."""


class Change(StrEnum):
    """The changes, in the order in which they are made to each Service."""

    ADD_SERVICE = "add Service"
    REMOVE_ENDPOINT = "remove endpoint"
    ADD_ENDPOINT = "add endpoint"
    DELETE_SERVICE = "delete Service"

    @property
    def makes(self) -> Want:
        """The state of the Service's address that the change leads to."""
        return Want.REACHABLE if self in (Change.ADD_SERVICE, Change.ADD_ENDPOINT) else Want.UNREACHABLE


@dataclass(frozen=True, slots=True)
class Subject:
    """A Service that is changed; its only endpoint is `backend`."""

    name: str
    address: str
    backend: Backend

    @property
    def target(self) -> Target:
        return Target(self.name, self.address, PORT)


def subjects(cidr: str, backend: Backend, count: int) -> tuple[Subject, ...]:
    """Return `count` subjects with different addresses."""
    network = ip_network(cidr)
    return tuple(Subject(f"subject-{number:04d}", str(network[FIRST + number]), backend) for number in range(count))


def prepare(kube: Kube, namespace: str, subject: Subject) -> None:
    """Create the EndpointSlice of a Service that does not exist yet."""
    kube.create(namespace, endpoint_slice(subject))


def make(kube: Kube, namespace: str, subject: Subject, change: Change) -> float:
    """Make one change; return the time just before it was sent, in seconds since 1970."""
    sent_s = time.time()
    match change:
        case Change.ADD_SERVICE:
            kube.create(namespace, service_of(subject))
        case Change.REMOVE_ENDPOINT:
            kube.merge(path_of(namespace, endpoint_slice(subject)), {"endpoints": []})
        case Change.ADD_ENDPOINT:
            kube.merge(path_of(namespace, endpoint_slice(subject)), {"endpoints": endpoints_of(subject)})
        case Change.DELETE_SERVICE:
            kube.delete(namespace, service_of(subject))
    return sent_s


def clear(kube: Kube, namespace: str, done: Sequence[Subject]) -> None:
    """Delete the EndpointSlices of Services that are deleted."""
    for subject in done:
        kube.delete(namespace, endpoint_slice(subject))


def service_of(subject: Subject) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": subject.name},
        "spec": {"clusterIP": subject.address, "ports": [{"port": PORT, "targetPort": subject.backend.port}]},
    }


def endpoint_slice(subject: Subject) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": subject.name, "labels": {"kubernetes.io/service-name": subject.name}},
        "addressType": "IPv4",
        "ports": [{"port": subject.backend.port}],
        "endpoints": endpoints_of(subject),
    }


def endpoints_of(subject: Subject) -> list[dict[str, Any]]:
    return [{"addresses": [subject.backend.address]}]
