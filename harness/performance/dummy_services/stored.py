"""Write dummy Services directly to etcd, as copies of one that the API server has stored.

For every new ClusterIP, the API server counts all allocated addresses twice (`Used` in
https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/registry/core/service/ipallocator/ipallocator.go). Creating a
Service therefore takes longer the more Services exist, for any client and also while kube-proxies are paused. Writing
to etcd avoids this and stores the same objects: a Service, its EndpointSlice and its IPAddress, which differ from those
of the first dummy Service, created by the API server, only in name, uid and address.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from harness.dataplane.reader import ServiceAddress
from harness.kube.client import Kube
from harness.kube.nodes.etcd import Etcd
from harness.performance.dummy_services.objects import (
    PORT,
    create_dummies,
    dummy_address,
    dummy_endpoint_slice,
    dummy_name,
    existing,
)

WRITERS = 4
TOGETHER = 100
"""The number of dummy Services that one process writes: about 0.5 MB of arguments, of which Linux allows 2 MB."""


def store_dummies(
    kube: Kube, etcd: Etcd, namespace: str, numbers: Sequence[int], endpoints: int = 1
) -> tuple[ServiceAddress, ...]:
    """Create dummy Services and return their service addresses.

    The API server creates the first one and those whose name or address is already in use.
    """
    first, *others = numbers
    service_addresses = create_dummies(kube, namespace, [first], endpoints)
    template = _template(kube, namespace, first, service_addresses[0].address)

    def store(group: Sequence[int]) -> tuple[ServiceAddress, ...]:
        addresses = [dummy_address(kube.cluster.service_cidr, number) for number in group]
        pairs = list(zip(group, addresses, strict=True))
        stored = etcd.create([template.copy(number, address, endpoints) for number, address in pairs])
        made = [
            ServiceAddress(address, PORT) for address, is_stored in zip(addresses, stored, strict=True) if is_stored
        ]
        refused = [number for number, is_stored in zip(group, stored, strict=True) if not is_stored]
        return (*made, *create_dummies(kube, namespace, refused, endpoints))

    with ThreadPoolExecutor(WRITERS) as writers:
        groups = [others[start : start + TOGETHER] for start in range(0, len(others), TOGETHER)]
        return (
            *service_addresses,
            *(service_address for made in writers.map(store, groups) for service_address in made),
        )


def remove_stored_dummies(kube: Kube, etcd: Etcd, namespace: str) -> None:
    """Delete every dummy Service of the namespace from etcd."""
    dummies = _keys(kube, namespace)
    with ThreadPoolExecutor(WRITERS) as writers:
        groups = [dummies[start : start + TOGETHER] for start in range(0, len(dummies), TOGETHER)]
        # Iterating over the results raises a writer's exception here.
        for _ in writers.map(etcd.delete, groups):
            pass


def _keys(kube: Kube, namespace: str) -> list[list[str]]:
    """Return the etcd keys of each dummy Service of the namespace."""
    keys: dict[str, list[str]] = defaultdict(list)
    for found in existing(kube, namespace):
        name = found["metadata"]["name"]
        if found["kind"] == "Service":
            keys[name] += [_service_key(namespace, name), _address_key(found["spec"]["clusterIP"])]
        else:
            keys[name].append(_slice_key(namespace, name))
    return list(keys.values())


@dataclass(frozen=True, slots=True)
class _Template:
    """The objects of the dummy Service that the API server created."""

    namespace: str
    service: dict[str, Any]
    endpoint_slice: dict[str, Any]
    address: dict[str, Any]

    def copy(self, number: int, address: str, endpoints: int) -> dict[str, dict[str, Any]]:
        """Return the objects of another dummy Service by their etcd keys."""
        name, wanted = dummy_name(number), dummy_endpoint_slice(number, endpoints)
        spec = {**self.service["spec"], "clusterIP": address, "clusterIPs": [address]}
        labels = {"labels": wanted["metadata"]["labels"]}
        parent = {**self.address["spec"]["parentRef"], "name": name}
        return {
            _service_key(self.namespace, name): {**_renamed(self.service, name), "spec": spec},
            _slice_key(self.namespace, name): {
                **_renamed(self.endpoint_slice, name, **labels),
                "endpoints": wanted["endpoints"],
            },
            _address_key(address): {**_renamed(self.address, address), "spec": {"parentRef": parent}},
        }


def _template(kube: Kube, namespace: str, number: int, address: str) -> _Template:
    name = dummy_name(number)
    return _Template(
        namespace,
        kube.get(f"/api/v1/namespaces/{namespace}/services/{name}"),
        kube.get(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name}"),
        kube.get(f"/apis/networking.k8s.io/v1/ipaddresses/{address}"),
    )


def _renamed(made: dict[str, Any], name: str, **changed: Any) -> dict[str, Any]:
    """Return a copy of the object with another name and uid, and without the resourceVersion, which etcd assigns."""
    kept = {key: value for key, value in made["metadata"].items() if key != "resourceVersion"}
    return {**made, "metadata": {**kept, "name": name, "uid": str(uuid.uuid4()), **changed}}


def _service_key(namespace: str, name: str) -> str:
    return f"/registry/services/specs/{namespace}/{name}"


def _slice_key(namespace: str, name: str) -> str:
    return f"/registry/endpointslices/{namespace}/{name}"


def _address_key(address: str) -> str:
    return f"/registry/ipaddresses/{address}"
