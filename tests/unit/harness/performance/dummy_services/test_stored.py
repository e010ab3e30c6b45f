"""Dummy Services written to etcd are copies of the one that the API server created."""

import pytest

from harness.kube.client import Kube
from harness.kube.nodes.etcd import Etcd
from harness.performance.dummy_services.objects import LABEL, dummy_address, dummy_endpoint_slice
from harness.performance.dummy_services.stored import remove_stored_dummies, store_dummies
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.fakes.cluster.dummies import ANSWERS, CIDR, SERVICE, SERVICES, SLICES
from tests.fakes.cluster.etcd import FakeEtcd
from tests.fakes.cluster.owned import fake_cluster


@pytest.fixture
def stored():
    return FakeEtcd()


@pytest.fixture
def api():
    return FakeApiServer(ANSWERS)


@pytest.fixture
def etcd(stored):
    return Etcd(stored, fake_cluster())


@pytest.fixture
def kube(tmp_path, api):
    with serving(api, tmp_path) as cluster:
        yield Kube(cluster)


def test_the_api_server_creates_the_first_one_and_the_others_are_copies(kube, api, etcd, stored):
    service_addresses = store_dummies(kube, etcd, "a", range(3))
    assert [service_address.address for service_address in service_addresses] == [
        dummy_address(CIDR, number) for number in range(3)
    ]
    assert [body["metadata"]["name"] for body in api.bodies if body] == ["dummy-00000", "dummy-00000"]
    assert len(stored.stored) == 6

    service = stored.stored["/registry/services/specs/a/dummy-00002"]
    address = dummy_address(CIDR, 2)
    assert service["spec"] == SERVICE["spec"] | {"clusterIP": address, "clusterIPs": [address]}
    assert service["metadata"] == {
        "name": "dummy-00002",
        "namespace": "a",
        "labels": {LABEL: "yes"},
        "uid": service["metadata"]["uid"],
    }
    endpoint_slice = stored.stored["/registry/endpointslices/a/dummy-00002"]
    assert endpoint_slice["endpoints"] == dummy_endpoint_slice(2)["endpoints"]
    assert endpoint_slice["metadata"]["labels"]["kubernetes.io/service-name"] == "dummy-00002"
    assert stored.stored[f"/registry/ipaddresses/{address}"]["spec"]["parentRef"]["name"] == "dummy-00002"


def test_every_object_has_its_own_uid(kube, etcd, stored):
    store_dummies(kube, etcd, "a", range(10))
    uids = [found["metadata"]["uid"] for found in stored.stored.values()]
    assert len({*uids, "u", "v", "w"}) == 9 * 3 + 3


def test_few_processes_write_many_dummy_services_each_in_its_own_transaction(kube, etcd, stored):
    store_dummies(kube, etcd, "a", range(250))
    assert stored.programs == 3
    assert [len(keys) for keys in stored.transactions] == [3] * 249


def test_the_api_server_creates_those_whose_address_is_in_use(kube, api, etcd, stored):
    stored.stored[f"/registry/ipaddresses/{dummy_address(CIDR, 1)}"] = {}
    service_addresses = store_dummies(kube, etcd, "a", range(3))
    assert len(service_addresses) == 3
    created = {body["metadata"]["name"] for body in api.bodies if body and body["kind"] == "Service"}
    assert created == {"dummy-00000", "dummy-00001"}
    assert len(stored.stored) == 1 + 3


def test_only_dummy_services_are_deleted_with_their_addresses(kube, api, etcd, stored):
    store_dummies(kube, etcd, "a", range(60))
    api.answers |= {
        f"GET {SERVICES}": {"items": [found for key, found in stored.stored.items() if "services" in key]},
        f"GET {SLICES}": {"items": [found for key, found in stored.stored.items() if "endpointslices" in key]},
    }
    stored.stored["/registry/services/specs/a/web"] = {}
    remove_stored_dummies(kube, etcd, "a")
    assert list(stored.stored) == ["/registry/services/specs/a/web"]
