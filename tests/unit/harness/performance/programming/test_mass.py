import json
import time
from dataclasses import replace
from urllib.parse import unquote

import pytest

from clusters.errors import WorldError
from clusters.spec import Substrate
from harness.dataplane.reader import Backend
from harness.kube.client import Kube
from harness.load.plan import Target
from harness.performance.programming.changes import subjects
from harness.performance.programming.mass import Arrivals, arrivals, create_all, deleted_afterwards, evenly_spaced
from harness.performance.programming.probes import Probers, Want
from reports.model.findings import MassProgrammingFinding, NodeArrivals
from tests.fakes.cluster.apiserver import STDOUT, FakeApiServer, exits, serving
from tests.fakes.cluster.sweep import ACCESS

BACKEND = Backend("10.244.1.7", 8080)
EVERYTHING = subjects("10.96.0.0/16", BACKEND, 10)
LIVENESS_TARGET = Target("pod", BACKEND.address, BACKEND.port)


def test_a_sample_is_evenly_spaced_and_includes_the_last():
    assert [subject.name[-2:] for subject in evenly_spaced(EVERYTHING, 4)] == ["01", "04", "07", "09"]
    assert evenly_spaced(EVERYTHING, 10) == EVERYTHING


def test_all_services_are_created(tmp_path):
    api = FakeApiServer({"POST /api/v1/namespaces/a/services": {}})
    with serving(api, tmp_path) as cluster:
        create_all(Kube(cluster), "a", EVERYTHING)
    assert sorted(body["metadata"]["name"] for body in api.bodies) == [subject.name for subject in EVERYTHING]


def test_arrivals_count_from_the_call_and_those_never_reachable_are_lost(tmp_path):
    def prober(run):
        first, _ = json.loads(unquote(run.argv[-1]).replace("+", " "))["probes"]
        run.say(STDOUT, json.dumps([{"began_s": [first["at_s"] + 2], "tries": 3}, {"began_s": [], "tries": 9}]))
        run.end(exits(0))

    called = []

    def begin():
        called.append(True)
        time.sleep(0.1)  # a known duration of the change

    with serving(FakeApiServer({}, prober), tmp_path) as cluster:
        probers = Probers(Kube(cluster), "a", {"n1": "prober-1"})
        found = arrivals(probers, EVERYTHING[:2], LIVENESS_TARGET, begin, lead_s=0.05)
    assert called
    assert found.after_s["n1"][0] == pytest.approx(2, abs=0.5)
    assert found.done_s >= 0.1
    assert found.lost == 1


def watched_once(tmp_path, began_after_s, want):
    """Return the arrivals of one address whose states begin these numbers of seconds after its moment."""

    def prober(run):
        (only,) = json.loads(unquote(run.argv[-1]).replace("+", " "))["probes"]
        began_s = [only["at_s"] + after_s for after_s in began_after_s]
        run.say(STDOUT, json.dumps([{"began_s": began_s, "tries": 3}]))
        run.end(exits(0))

    with serving(FakeApiServer({}, prober), tmp_path) as cluster:
        probers = Probers(Kube(cluster), "a", {"n1": "prober-1"})
        return arrivals(probers, EVERYTHING[:1], LIVENESS_TARGET, lambda: None, want=want, lead_s=0.05)


def test_an_address_that_was_reachable_before_the_change_is_an_error(tmp_path):
    with pytest.raises(WorldError, match="from node n1, an address was reachable before the change was made"):
        watched_once(tmp_path, [-0.01], Want.REACHABLE)


def test_an_address_that_becomes_reachable_again_has_a_time_of_unreachability(tmp_path):
    found = watched_once(tmp_path, [0.5, 3.25], Want.REACHABLE_AGAIN)
    assert found.away_s["n1"] == pytest.approx((2.75,), abs=0.001)
    (node,) = found.finding("A cold start", "ipvs").nodes
    assert (node.node, len(node.after_s)) == ("n1", 1)
    assert node.away_s == found.away_s["n1"]


def test_an_address_that_was_never_unreachable_is_lost(tmp_path):
    assert watched_once(tmp_path, [], Want.REACHABLE_AGAIN).lost == 1


def test_an_address_that_stays_unreachable_is_lost(tmp_path):
    found = watched_once(tmp_path, [0.5], Want.REACHABLE_AGAIN)
    assert found.lost == 1
    assert found.finding("A cold start", "ipvs").nodes == (NodeArrivals(node="n1", after_s=(None,)),)


def test_the_finding_has_the_arrivals_on_each_node():
    found = Arrivals({"n1": (0.5, 1.25), "n2": (0.75, None)}, 1.0).finding("1000 Services at once", "nftables")
    assert found == MassProgrammingFinding(
        mode="nftables",
        change="1000 Services at once",
        tried_every_ms=5.0,
        done_s=1.0,
        nodes=(NodeArrivals(node="n1", after_s=(0.5, 1.25)), NodeArrivals(node="n2", after_s=(0.75, None))),
    )


class Node:
    """Kernels that hold no Services, and kube-proxies that can be restarted; records what was done."""

    def __init__(self):
        self.done = []

    def restart(self):
        self.done.append("restart")

    def left(self, node, service_addresses):
        self.done.append(f"{len(service_addresses)} looked for on {node.name}")
        return frozenset()


@pytest.mark.parametrize(("substrate", "restarts"), [(Substrate.HOST, []), (Substrate.UML, ["restart"])])
def test_services_are_deleted_and_gone_from_every_kernel_if_the_block_fails(tmp_path, substrate, restarts):
    services = "/api/v1/namespaces/a/services"
    api = FakeApiServer({f"DELETE {services}/{subject.name}": {} for subject in EVERYTHING})
    node = Node()
    with serving(api, tmp_path) as cluster:
        kube = Kube(replace(cluster, substrate=substrate))
        access = replace(ACCESS, kube=kube, dataplane=node, proxies=node)
        with pytest.raises(AssertionError), deleted_afterwards(access, "a", EVERYTHING):
            raise AssertionError
    assert sorted(api.asked) == [f"DELETE {services}/{subject.name}" for subject in EVERYTHING]
    assert node.done == [*restarts, "10 looked for on node", "10 looked for on worker"]
