"""Dummy Services are removed from every kernel at the end of a block, on each substrate in its own way."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest

from clusters.spec import Substrate
from harness.kube.client import Kube
from harness.kube.nodes.etcd import Etcd
from harness.performance.dummy_services.count import dummy_services
from harness.performance.dummy_services.objects import dummy_address
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.fakes.cluster.dummies import ANSWERS, CIDR, SERVICES, SLICES
from tests.fakes.cluster.etcd import FakeEtcd
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.cluster.sweep import ACCESS
from tests.fakes.progress import SilentProgress

CASE, NAMESPACES = "case", "/api/v1/namespaces"
CASE_LABELS = {"io.kubeproof.case": CASE, "kubernetes.io/metadata.name": CASE}
NAMESPACE = {
    f"GET {NAMESPACES}/{CASE}": {"metadata": {"labels": CASE_LABELS}},
    f"POST {NAMESPACES}": {"metadata": {"name": "a"}},
    f"PATCH {NAMESPACES}/a/serviceaccounts/default": {},
    f"DELETE {NAMESPACES}/a": {},
}
"""The API server's answers about namespaces; the first thousand's is called "a", as in `ANSWERS`."""

GONE = f"DELETE {NAMESPACES}/a"
DELETED = [f"DELETE {SERVICES}/dummy-00000", f"DELETE {SLICES}/dummy-00000"]


class PromptKernels:
    """Kernels that always hold the right service addresses."""

    def missing(self, node, service_addresses):
        return frozenset()

    def left(self, node, service_addresses):
        return frozenset()


class RecordedProxies:
    """Records restarts of kube-proxies, and the requests to the API server and to etcd while they were paused."""

    def __init__(self, api, stored=None):
        self.api = api
        self.stored = stored
        self.restarts = 0
        self.while_paused = []

    def restart(self):
        self.restarts += 1

    @contextmanager
    def paused(self, *nodes):
        requests, programs = len(self.api.asked), self.stored.programs if self.stored else 0
        yield
        if nodes:
            self.while_paused += self.api.asked[requests:]
            self.while_paused += ["etcd"] * (self.stored.programs - programs)


def access(kube, proxies, etcd=None):
    return replace(ACCESS, kube=kube, etcd=etcd, dataplane=PromptKernels(), proxies=proxies)


@contextmanager
def one_dummy(tmp_path, substrate, stored=None, *, at_once=False, times=1):
    """Run a block with one dummy Service, wanted so many times; yield the API server and the proxies."""
    api = FakeApiServer(ANSWERS | NAMESPACE | {line: {} for line in DELETED})
    proxies = RecordedProxies(api, stored)
    with serving(api, tmp_path) as cluster:
        kube = Kube(replace(cluster, substrate=substrate))
        etcd = None if stored is None else Etcd(stored, cluster)
        with dummy_services(access(kube, proxies, etcd), CASE, SilentProgress()) as dummies:
            for _ in range(times):
                dummies.bring_to(1, at_once=at_once)
            assert len(dummies.service_addresses) == 1
            yield api, proxies


def deleted(api):
    return [line for line in api.asked if line.startswith("DELETE")]


@pytest.mark.parametrize(("substrate", "restarts"), [(Substrate.HOST, 0), (Substrate.UML, 1)])
def test_dummy_services_are_deleted_at_the_end(tmp_path, substrate, restarts):
    with one_dummy(tmp_path, substrate) as (api, proxies):
        assert not deleted(api)
    assert sorted(deleted(api)[:2]) == DELETED
    assert deleted(api)[2:] == [GONE]
    assert proxies.restarts == restarts


def test_dummy_services_are_deleted_if_the_block_fails(tmp_path):
    with pytest.raises(AssertionError), one_dummy(tmp_path, Substrate.UML) as (api, proxies):
        raise AssertionError
    assert sorted(deleted(api)[:2]) == DELETED
    assert proxies.restarts == 1


def test_an_interruption_deletes_only_the_namespace(tmp_path):
    with pytest.raises(KeyboardInterrupt), one_dummy(tmp_path, Substrate.UML) as (api, proxies):
        raise KeyboardInterrupt
    assert deleted(api) == [GONE]
    assert proxies.restarts == 0


def test_kube_proxies_are_paused_while_dummy_services_are_added_at_once_or_deleted(tmp_path):
    with one_dummy(tmp_path, Substrate.HOST, FakeEtcd(), at_once=True) as (_, proxies):
        assert f"POST {SERVICES}" in proxies.while_paused
        assert "etcd" not in proxies.while_paused
    assert "etcd" in proxies.while_paused


def test_a_number_of_dummy_services_that_exist_already_adds_none(tmp_path):
    with one_dummy(tmp_path, Substrate.HOST, FakeEtcd(), at_once=True, times=2) as (api, _):
        assert api.asked.count(f"POST {SERVICES}") == 1


def test_kube_proxies_are_not_paused_while_the_api_server_creates_dummy_services(tmp_path):
    with one_dummy(tmp_path, Substrate.HOST, FakeEtcd()) as (_, proxies):
        assert not proxies.while_paused


def test_kube_proxies_are_never_paused_without_access_to_etcd(tmp_path):
    with one_dummy(tmp_path, Substrate.HOST, at_once=True) as (api, proxies):
        pass
    assert not proxies.while_paused
    assert sorted(deleted(api)[:2]) == DELETED


class Namespaces:
    """A `Kube` that records namespace requests and counts the Services created in each namespace."""

    cluster = fake_cluster()

    def __init__(self):
        self.asked, self.services = [], Counter()

    def get(self, path):
        if path.endswith(f"/{CASE}"):
            return {"metadata": {"labels": CASE_LABELS}}
        return {"items": []}

    def request(self, method, path, body=None):
        self.asked.append((method, (body or {}).get("metadata", path.rpartition("/")[2])))
        return body or {}

    def apply(self, namespace, manifest):
        pass

    def create(self, namespace, manifest):
        self.services[namespace] += manifest["kind"] == "Service"


def test_every_thousand_has_a_namespace_of_its_own_with_the_labels_of_the_cases():
    kube = Namespaces()
    with dummy_services(access(kube, RecordedProxies(kube)), CASE, SilentProgress()) as dummies:
        for services in (10, 1000, 2500):
            dummies.bring_to(services)
        assert {service_address.address for service_address in dummies.service_addresses} == {
            dummy_address(CIDR, number) for number in range(2500)
        }
    assert kube.services == {"case-0": 1000, "case-1": 1000, "case-2": 500}
    names = [f"case-{thousand}" for thousand in range(3)]
    assert kube.asked[:3] == [("POST", {"name": name, "labels": CASE_LABELS}) for name in names]
    assert kube.asked[3:] == [("DELETE", name) for name in reversed(names)]


def test_how_long_it_took_to_create_dummy_services_is_known_if_any_were_created():
    kube = Namespaces()
    with dummy_services(access(kube, RecordedProxies(kube)), CASE, SilentProgress()) as dummies:
        taken = [(dummies.bring_to(services), dummies.created_s)[1] for services in (0, 2000, 2000, 1000, 1500, 0)]
    assert [created_s is not None for created_s in taken] == [False, True, False, False, True, False]


class RecordingKernels(PromptKernels):
    """Kernels that also record which service addresses must be gone."""

    def __init__(self):
        self.gone = []

    def left(self, node, service_addresses):
        self.gone.append({one.address for one in service_addresses})
        return frozenset()


def test_fewer_dummy_services_are_left_by_removing_whole_thousands():
    kube, kernels = Namespaces(), RecordingKernels()
    setting = replace(access(kube, RecordedProxies(kube)), dataplane=kernels)
    with dummy_services(setting, CASE, SilentProgress()) as dummies:
        dummies.bring_to(3000)
        dummies.bring_to(1000)
        assert kernels.gone[0] == {dummy_address(CIDR, number) for number in range(1000, 3000)}
        assert {one.address for one in dummies.service_addresses} == {dummy_address(CIDR, n) for n in range(1000)}
        dummies.bring_to(2000)
        assert len(dummies.service_addresses) == 2000
        with pytest.raises(AssertionError, match="1500 dummy Services wanted, but their number is reduced by whole"):
            dummies.bring_to(1500)


def test_dummy_services_that_were_removed_without_waiting_are_still_waited_for_at_the_end():
    kube, kernels = Namespaces(), RecordingKernels()
    setting = replace(access(kube, RecordedProxies(kube)), dataplane=kernels)
    with dummy_services(setting, CASE, SilentProgress()) as dummies:
        dummies.bring_to(10)
        dummies.remove()
        assert not kernels.gone
    assert kernels.gone[0] == {dummy_address(CIDR, number) for number in range(10)}
