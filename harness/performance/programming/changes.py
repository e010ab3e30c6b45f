"""Changes whose arrival is measured: one Service after the other gets and loses itself and its only endpoint.

Each has an address of our choosing, so that probes can be at work before it exists, and an EndpointSlice that exists
before it does, so that no step has two objects to wait for.
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
"""Where our addresses begin within the Service network, past those of fillers."""


class Change(StrEnum):
    """In the order in which each Service goes through them; all but the first and the last leave the Service there."""

    ADD_SERVICE = "add Service"
    REMOVE_ENDPOINT = "remove endpoint"
    ADD_ENDPOINT = "add endpoint"
    DELETE_SERVICE = "delete Service"

    @property
    def makes(self) -> Want:
        """What becomes of the Service's address."""
        return Want.REACHABLE if self in (Change.ADD_SERVICE, Change.ADD_ENDPOINT) else Want.UNREACHABLE


@dataclass(frozen=True, slots=True)
class Subject:
    """One Service that is changed, in front of `backend`."""

    name: str
    address: str
    backend: Backend

    @property
    def target(self) -> Target:
        return Target(self.name, self.address, PORT)


def subjects(cidr: str, backend: Backend, count: int) -> tuple[Subject, ...]:
    """So many, each with an address of its own."""
    network = ip_network(cidr)
    return tuple(Subject(f"subject-{number:04d}", str(network[FIRST + number]), backend) for number in range(count))


def prepare(kube: Kube, namespace: str, subject: Subject) -> None:
    """The EndpointSlice, before there is a Service that it belongs to."""
    kube.create(namespace, endpoint_slice(subject))


def make(kube: Kube, namespace: str, subject: Subject, change: Change) -> float:
    """Make one change; the moment just before it was sent, in seconds since 1970."""
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
    """Delete what is left of them."""
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
