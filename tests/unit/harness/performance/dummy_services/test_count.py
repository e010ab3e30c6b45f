"""Fillers leave every kernel at a block's end, on each substrate in its own way."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest

from clusters.spec import Substrate
from harness.kube.client import Kube
from harness.kube.nodes.etcd import Etcd
from harness.performance.dummy_services.count import dummy_services
from harness.performance.dummy_services.objects import dummy_address
from tests.fakes.apiserver import FakeApiServer, serving
from tests.fakes.dummies import ANSWERS, CIDR, SERVICES, SLICES
from tests.fakes.etcd import FakeEtcd
from tests.fakes.owned import fake_cluster
from tests.fakes.progress import SilentProgress

CASE, NAMESPACES = "case", "/api/v1/namespaces"
CASE_LABELS = {"io.kubeproof.case": CASE, "kubernetes.io/metadata.name": CASE}
NAMESPACE = {
    f"GET {NAMESPACES}/{CASE}": {"metadata": {"labels": CASE_LABELS}},
    f"POST {NAMESPACES}": {"metadata": {"name": "a"}},
    f"PATCH {NAMESPACES}/a/serviceaccounts/default": {},
    f"DELETE {NAMESPACES}/a": {},
}
"""That of the first thousand, which the server calls as `ANSWERS` does."""

GONE = f"DELETE {NAMESPACES}/a"
DELETED = [f"DELETE {SERVICES}/filler-00000", f"DELETE {SLICES}/filler-00000"]


class PromptKernels:
    """Hold at once what they are meant to."""

    def missing(self, node, service_addresses):
        return frozenset()

    def left(self, node, service_addresses):
        return frozenset()


class NotedProxies:
    """How often kube-proxies were restarted, and what was asked of the API server and of etcd while they stood still."""

    def __init__(self, api, stored=None):
        self.api = api
        self.stored = stored
        self.restarts = 0
        self.meanwhile = []

    def restart(self):
        self.restarts += 1

    @contextmanager
    def paused(self, *nodes):
        asked, programs = len(self.api.asked), self.stored.programs if self.stored else 0
        yield
        if nodes:
            self.meanwhile += self.api.asked[asked:]
            self.meanwhile += ["etcd"] * (self.stored.programs - programs)


@contextmanager
def one_dummy(tmp_path, substrate, stored=None, *, at_once=False):
    """A block with a filler, what the API server was asked, and the proxies."""
    api = FakeApiServer(ANSWERS | NAMESPACE | {line: {} for line in DELETED})
    proxies = NotedProxies(api, stored)
    with serving(api, tmp_path) as cluster:
        kube = Kube(replace(cluster, substrate=substrate))
        etcd = None if stored is None else Etcd(stored, cluster)
        with dummy_services(kube, etcd, PromptKernels(), proxies, CASE, SilentProgress()) as dummies:
            dummies.bring_to(1, at_once=at_once)
            assert len(dummies.held) == 1
            yield api, proxies


def deleted(api):
    return [line for line in api.asked if line.startswith("DELETE")]


@pytest.mark.parametrize(("substrate", "restarts"), [(Substrate.HOST, 0), (Substrate.UML, 1)])
def test_they_are_gone_at_the_end(tmp_path, substrate, restarts):
    with one_dummy(tmp_path, substrate) as (api, proxies):
        assert not deleted(api)
    assert sorted(deleted(api)[:2]) == DELETED
    assert deleted(api)[2:] == [GONE]
    assert proxies.restarts == restarts


def test_they_are_gone_though_the_block_failed(tmp_path):
    with pytest.raises(AssertionError), one_dummy(tmp_path, Substrate.UML) as (api, proxies):
        raise AssertionError
    assert sorted(deleted(api)[:2]) == DELETED
    assert proxies.restarts == 1


def test_nobody_waits_for_them_after_an_interruption(tmp_path):
    with pytest.raises(KeyboardInterrupt), one_dummy(tmp_path, Substrate.UML) as (api, proxies):
        raise KeyboardInterrupt
    assert deleted(api) == [GONE]
    assert proxies.restarts == 0


def test_kube_proxies_stand_still_while_fillers_come_at_once_and_while_they_go(tmp_path):
    with one_dummy(tmp_path, Substrate.HOST, FakeEtcd(), at_once=True) as (_, proxies):
        assert f"POST {SERVICES}" in proxies.meanwhile
        assert "etcd" not in proxies.meanwhile
    assert "etcd" in proxies.meanwhile


def test_kube_proxies_follow_fillers_that_come_as_the_api_server_takes_them(tmp_path):
    with one_dummy(tmp_path, Substrate.HOST, FakeEtcd()) as (_, proxies):
        assert not proxies.meanwhile


def test_kube_proxies_go_on_where_etcd_is_out_of_reach(tmp_path):
    with one_dummy(tmp_path, Substrate.HOST, at_once=True) as (api, proxies):
        pass
    assert not proxies.meanwhile
    assert sorted(deleted(api)[:2]) == DELETED


class Namespaces:
    """A `Kube` that makes whatever it is told to, and where that was."""

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


def test_every_thousand_has_a_namespace_of_its_own_that_is_known_as_the_cases():
    kube = Namespaces()
    with dummy_services(kube, None, PromptKernels(), NotedProxies(kube), CASE, SilentProgress()) as dummies:
        for services in (10, 1000, 2500):
            dummies.bring_to(services)
        assert {service_address.address for service_address in dummies.held} == {
            dummy_address(CIDR, number) for number in range(2500)
        }
    assert kube.services == {"case-0": 1000, "case-1": 1000, "case-2": 500}
    names = [f"case-{thousand}" for thousand in range(3)]
    assert kube.asked[:3] == [("POST", {"name": name, "labels": CASE_LABELS}) for name in names]
    assert kube.asked[3:] == [("DELETE", name) for name in reversed(names)]
