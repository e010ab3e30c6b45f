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
from harness.performance.programming.mass import Arrivals, arrivals, create_all, sample_of, taken_away
from harness.performance.programming.probes import Probers, Want
from tests.fakes.apiserver import STDOUT, FakeApiServer, exits, serving

BACKEND = Backend("10.244.1.7", 8080)
EVERYTHING = subjects("10.96.0.0/16", BACKEND, 10)
WITNESS = Target("pod", BACKEND.address, BACKEND.port)


def test_a_sample_is_spread_and_holds_the_last():
    assert [subject.name[-2:] for subject in sample_of(EVERYTHING, 4)] == ["01", "04", "07", "09"]
    assert sample_of(EVERYTHING, 10) == EVERYTHING


def test_all_services_are_made(tmp_path):
    api = FakeApiServer({"POST /api/v1/namespaces/a/services": {}})
    with serving(api, tmp_path) as cluster:
        create_all(Kube(cluster), "a", EVERYTHING)
    assert sorted(body["metadata"]["name"] for body in api.bodies) == [subject.name for subject in EVERYTHING]


def test_arrivals_count_from_the_call_and_what_never_comes_is_lost(tmp_path):
    def prober(run):
        first, _ = json.loads(unquote(run.argv[-1]).replace("+", " "))["probes"]
        run.say(STDOUT, json.dumps([{"began_s": [first["at_s"] + 2], "tries": 3}, {"began_s": [], "tries": 9}]))
        run.end(exits(0))

    called = []

    def begin():
        called.append(True)
        time.sleep(0.1)  # the time that it takes is what is told

    with serving(FakeApiServer({}, prober), tmp_path) as cluster:
        probers = Probers(Kube(cluster), "a", {"n1": "prober-1"})
        found = arrivals(probers, EVERYTHING[:2], WITNESS, begin, lead_s=0.05)
    assert called
    assert found.after_s["n1"][0] == pytest.approx(2, abs=0.5)
    assert found.done_s >= 0.1
    assert found.lost == 1


def watched_once(tmp_path, began_after_s, want):
    """Of one address, whose states begin so many seconds after its moment."""

    def prober(run):
        (only,) = json.loads(unquote(run.argv[-1]).replace("+", " "))["probes"]
        began_s = [only["at_s"] + after_s for after_s in began_after_s]
        run.say(STDOUT, json.dumps([{"began_s": began_s, "tries": 3}]))
        run.end(exits(0))

    with serving(FakeApiServer({}, prober), tmp_path) as cluster:
        probers = Probers(Kube(cluster), "a", {"n1": "prober-1"})
        return arrivals(probers, EVERYTHING[:1], WITNESS, lambda: None, want=want, lead_s=0.05)


def test_what_was_reachable_before_anything_made_it_so_is_no_arrival(tmp_path):
    with pytest.raises(WorldError, match="from n1 an address was reachable before anything had made it so"):
        watched_once(tmp_path, [-0.01], Want.REACHABLE)


def test_of_what_comes_back_it_is_told_for_how_long_it_was_away(tmp_path):
    found = watched_once(tmp_path, [0.5, 3.25], Want.REACHABLE_AGAIN)
    assert found.away_s["n1"] == pytest.approx((2.75,), abs=0.001)
    statement = found.finding("A cold start", "ipvs mode").statement
    assert "the last of 1 watched was reachable again on n1 after 3.2" in statement
    assert statement.endswith("and one was not for 2.75 s on n1.")


def test_what_never_went_has_not_come_back(tmp_path):
    assert watched_once(tmp_path, [], Want.REACHABLE_AGAIN).lost == 1


def test_what_went_and_stayed_away_has_not_come_back(tmp_path):
    found = watched_once(tmp_path, [0.5], Want.REACHABLE_AGAIN)
    assert found.lost == 1
    finding = found.finding("A cold start", "ipvs mode")
    assert finding.statement.endswith("the last of 1 watched was reachable on n1 never; 1 never were.")
    assert list(finding.numbers) == ["done_s", "lost"]


def test_the_last_arrival_is_told_for_each_node():
    told = Arrivals({"n1": (0.5, 1.25), "n2": (0.75, None)}, 1.0).finding("1000 Services at once", "nftables mode")
    assert "at once (nftables mode), done after 1.00 s: the last of 2 watched was reachable on n1" in told.statement
    assert "on n1 after 1.25 s, on n2 after 0.75 s; 1 never were" in told.statement
    assert told.numbers["lost"] == 1


class Node:
    """Kernels that let Services go when kube-proxies begin anew, and what was done until then."""

    def __init__(self):
        self.done = []

    def restart(self):
        self.done.append("restart")

    def left(self, node, service_addresses):
        self.done.append(f"{len(service_addresses)} looked for on {node.name}")
        return frozenset()


@pytest.mark.parametrize(("substrate", "begins"), [(Substrate.HOST, []), (Substrate.UML, ["restart"])])
def test_no_kernel_holds_what_was_made_at_once_when_the_next_case_comes(tmp_path, substrate, begins):
    services = "/api/v1/namespaces/a/services"
    api = FakeApiServer({f"DELETE {services}/{subject.name}": {} for subject in EVERYTHING})
    node = Node()
    with (
        serving(api, tmp_path) as cluster,
        pytest.raises(AssertionError),
        taken_away(Kube(replace(cluster, substrate=substrate)), node, node, "a", EVERYTHING),
    ):
        raise AssertionError
    assert sorted(api.asked) == [f"DELETE {services}/{subject.name}" for subject in EVERYTHING]
    assert node.done == [*begins, "10 looked for on node", "10 looked for on worker"]
