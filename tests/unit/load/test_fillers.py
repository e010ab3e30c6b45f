"""Fillers leave every kernel at a block's end, on each substrate in its own way."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from clusters.cluster import Role
from clusters.spec import Substrate
from harness.kube.client import Kube
from harness.load.fillers import filling
from tests.fakes.apiserver import FakeApiServer, serving
from tests.fakes.progress import SilentProgress

SERVICES, SLICES = "/api/v1/namespaces/a/services", "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices"
ONE = {"items": [{"metadata": {"name": "filler-00000"}}]}
DELETED = [f"DELETE {SERVICES}/filler-00000", f"DELETE {SLICES}/filler-00000"]


class PromptKernels:
    """Hold at once what they are meant to."""

    def missing(self, node, fronts):
        return frozenset()

    def left(self, node, fronts):
        return frozenset()


class NotedProxies:
    """What was done to kube-proxies, in order, and what the API server was asked meanwhile."""

    def __init__(self, api):
        self.api = api
        self.restarts = 0
        self.meanwhile = []

    def restart(self):
        self.restarts += 1

    @contextmanager
    def paused(self, *nodes):
        before = len(self.api.asked)
        yield
        self.meanwhile += [(nodes, line.split()[0]) for line in self.api.asked[before:]]


@contextmanager
def one_filler(tmp_path, substrate, *, owned=True, at_once=False):
    """A block with a filler, what the API server was asked, and the proxies."""
    api = FakeApiServer(
        {f"POST {SERVICES}": {}, f"POST {SLICES}": {}, f"GET {SERVICES}": ONE, f"GET {SLICES}": ONE}
        | {line: {} for line in DELETED}
    )
    proxies = NotedProxies(api)
    with serving(api, tmp_path) as cluster:
        kube = Kube(replace(cluster, substrate=substrate, owned=owned))
        with filling(kube, PromptKernels(), proxies, "a", SilentProgress()) as fillers:
            fillers.bring_to(1, at_once=at_once)
            assert len(fillers.held) == 1
            yield api, proxies


def deleted(api):
    return sorted(line for line in api.asked if line.startswith("DELETE"))


@pytest.mark.parametrize(("substrate", "restarts"), [(Substrate.HOST, 0), (Substrate.UML, 1)])
def test_they_are_gone_at_the_end(tmp_path, substrate, restarts):
    with one_filler(tmp_path, substrate) as (api, proxies):
        assert not deleted(api)
    assert deleted(api) == DELETED
    assert proxies.restarts == restarts


def test_they_are_gone_though_the_block_failed(tmp_path):
    with pytest.raises(AssertionError), one_filler(tmp_path, Substrate.UML) as (api, proxies):
        raise AssertionError
    assert deleted(api) == DELETED
    assert proxies.restarts == 1


def test_nobody_waits_for_them_after_an_interruption(tmp_path):
    with pytest.raises(KeyboardInterrupt), one_filler(tmp_path, Substrate.UML) as (api, proxies):
        raise KeyboardInterrupt
    assert not deleted(api)
    assert proxies.restarts == 0


def verbs_while_proxies_stood_still(proxies):
    return sorted({verb for nodes, verb in proxies.meanwhile if nodes})


def test_kube_proxies_stand_still_while_fillers_come_at_once_and_while_they_go(tmp_path):
    with one_filler(tmp_path, Substrate.HOST, at_once=True) as (_, proxies):
        assert verbs_while_proxies_stood_still(proxies) == ["POST"]
    assert verbs_while_proxies_stood_still(proxies) == ["DELETE", "GET", "POST"]


def test_kube_proxies_follow_fillers_that_come_one_by_one(tmp_path):
    with one_filler(tmp_path, Substrate.HOST) as (_, proxies):
        assert not proxies.meanwhile


def test_kube_proxies_of_a_cluster_that_is_not_ours_always_go_on(tmp_path):
    with one_filler(tmp_path, Substrate.HOST, owned=False, at_once=True) as (_, proxies):
        pass
    assert not proxies.meanwhile


class OneStandsStill(PromptKernels):
    """The control plane's kernel follows nothing."""

    def missing(self, node, fronts):
        return fronts if node.role is Role.CONTROL_PLANE else frozenset()


def test_a_node_that_stands_still_is_not_waited_for(tmp_path):
    api = FakeApiServer({f"POST {SERVICES}": {}, f"POST {SLICES}": {}, f"GET {SERVICES}": ONE, f"GET {SLICES}": ONE})
    with serving(api, tmp_path) as cluster:
        (still,) = (node for node in cluster.nodes if node.role is Role.CONTROL_PLANE)
        with filling(Kube(cluster), OneStandsStill(), NotedProxies(api), "a", SilentProgress(), but=still) as fillers:
            assert fillers.bring_to(1) < 60
            assert still not in fillers.followers
