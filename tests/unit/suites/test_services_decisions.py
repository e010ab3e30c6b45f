"""The decision functions for the claims about Services: each can return every verdict."""

import pytest

from harness.dataplane.reader import Backend, ServiceState
from harness.kube_proxy.proxies import FeatureGate
from harness.suite import Observation
from suites.endpoints.decisions import PodLeaving, decide_readiness
from suites.endpoints.test_readiness import nodes_keeping
from suites.kube_proxy.decisions import ModeAge, decide_ipvs_ga, decide_ipvs_newest
from suites.services.decisions import (
    Affinity,
    HeadlessName,
    decide_affinity,
    decide_affinity_timeout,
    decide_cluster_ip,
    decide_headless,
    decide_iptables_rules,
    decide_outside,
)


def leaving(left=True, api_s=2.0, last_s=2.5, late=0, kept_by=None, restarts=0):
    return PodLeaving(left, api_s, last_s, 40, late, 3, 4.0, kept_by or {}, restarts)


@pytest.mark.parametrize(
    ("seen", "verdict", "condition"),
    [
        (leaving(), "confirmed", ""),
        (leaving(left=False), "refuted", ""),
        (
            leaving(kept_by={"worker": 60.0}),
            "conditional",
            "in the API only: kube-proxy on worker still sends connections to it",
        ),
        (
            leaving(late=3),
            "conditional",
            "in EndpointSlices and kernels only: connections still reach it afterwards",
        ),
        (
            leaving(last_s=14.0),
            "conditional",
            "in the API first: connections reach it for another 12 s",
        ),
        (leaving(last_s=0.0), "confirmed", ""),
        (leaving(restarts=1), "untested", "the container restarted 1 times, which by itself makes a pod unready"),
    ],
    ids=["left", "still listed", "still in one kernel", "late requests", "slow", "never reached", "restarted"],
)
def test_readiness(seen, verdict, condition):
    decision = decide_readiness(seen)
    assert (decision.verdict, decision.condition) == (verdict, condition)


def test_evidence_reports_how_long_a_pod_was_watched():
    assert decide_readiness(leaving(left=False, api_s=120.2)).evidence == (
        "The EndpointSlice still listed the pod as ready 120.2 s after its readiness probe began to fail."
    )
    assert decide_readiness(leaving(kept_by={"worker": 240.1}, last_s=241.0)).evidence == (
        "The pod left its EndpointSlice 2.0 s after its readiness probe began to fail. The kernels of worker still "
        "sent connections to it 240 s later. The last of 40 requests reached it after 241.0 s. Its container was not "
        "restarted."
    )


def kernel(*addresses, met=False):
    state = ServiceState(True, frozenset(Backend(address, 8080) for address in addresses))
    return Observation("two backends", met, state, "", 60.0)


def test_a_kernel_that_lacks_another_backend_does_not_keep_the_leaving_one():
    kernels = {
        "left": kernel("10.244.1.6", "10.244.2.6", met=True),
        "lacks another": kernel("10.244.1.6"),
        "keeps": kernel("10.244.1.5", "10.244.1.6", "10.244.2.6"),
    }
    assert nodes_keeping(kernels, "10.244.1.5") == {"keeps": 60.0}


@pytest.mark.parametrize(
    ("answered", "verdict"),
    [
        ({"a": 30, "b": 30}, "confirmed"),
        ({"a": 0, "b": 0}, "refuted"),
        ({"a": 30, "b": 0}, "conditional"),
        ({"a": 30, "b": 29}, "conditional"),
        ({"a": 29, "b": 29}, "conditional"),
    ],
    ids=["from all", "from none", "from one", "a loss", "a loss everywhere"],
)
def test_reaching_a_cluster_ip(answered, verdict):
    assert decide_cluster_ip(answered, 30).verdict == verdict


@pytest.mark.parametrize(
    ("by_iptables", "verdict"),
    [
        ({"a": True, "b": True}, "confirmed"),
        ({"a": False, "b": False}, "refuted"),
        ({"a": True, "b": False}, "conditional"),
    ],
    ids=["on all nodes", "on none", "on one"],
)
def test_iptables_rules(by_iptables, verdict):
    assert decide_iptables_rules("10.96.0.10", "ipvs", by_iptables).verdict == verdict


def affinity(sticky=12, backends_met=3, others_moved=0, differing=8, moved_to=1):
    return Affinity(12, sticky, backends_met, moved_to, 8, others_moved, differing, 10800)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (affinity(), "conditional"),
        (affinity(differing=0), "conditional"),
        (affinity(moved_to=0), "conditional"),
        (affinity(differing=0, moved_to=0), "confirmed"),
        (affinity(differing=None, moved_to=0), "confirmed"),
        (affinity(sticky=11), "refuted"),
        (affinity(others_moved=1), "refuted"),
        (affinity(backends_met=1), "untested"),
    ],
    ids=[
        "other backends through a second node, and moved from an unready one",
        "moved from an unready backend",
        "other backends through a second node",
        "same backends through a second node",
        "no second node",
        "one client reached several backends",
        "a client of a ready backend moved",
        "all clients reached one backend",
    ],
)
def test_affinity(seen, verdict):
    assert decide_affinity(seen).verdict == verdict


@pytest.mark.parametrize(
    ("seen", "condition"),
    [
        (
            affinity(),
            "as long as the client connects through the same node and that backend is ready: "
            "each node's kernel keeps its own record of clients",
        ),
        (affinity(differing=None), "as long as that backend is ready"),
        (
            affinity(moved_to=0),
            "as long as the client connects through the same node: each node's kernel keeps its own record of clients",
        ),
    ],
    ids=["both", "no second node", "the client stayed"],
)
def test_affinity_has_only_conditions_that_were_seen(seen, condition):
    assert decide_affinity(seen).condition == condition


@pytest.mark.parametrize(
    ("kept", "moved", "verdict"),
    [(12, 8, "conditional"), (12, 0, "confirmed"), (11, 8, "refuted")],
    ids=["moved after the time-out", "never moved", "moved within it"],
)
def test_affinity_has_a_time_out(kept, moved, verdict):
    assert decide_affinity_timeout(12, kept, moved, 5).verdict == verdict


PODS = frozenset({"10.244.1.5", "10.244.2.5"})


def headless(cluster_ip="None", resolved=PODS, kernels=()):
    return HeadlessName(cluster_ip, PODS, frozenset(resolved), kernels, 3)


@pytest.mark.parametrize(
    ("seen", "verdict", "condition"),
    [
        (headless(), "confirmed", ""),
        (headless(cluster_ip="10.96.0.9"), "refuted", ""),
        (headless(resolved=()), "refuted", ""),
        (headless(resolved={"192.0.2.1"}), "refuted", ""),
        (headless(resolved={"10.244.1.5"}), "conditional", "its name resolves to some of its pods only"),
        (
            headless(resolved={*PODS, "192.0.2.1"}),
            "conditional",
            "its name resolves to its pods and to other addresses",
        ),
        (
            headless(resolved={"10.244.1.5", "192.0.2.1"}),
            "conditional",
            "its name resolves to some of its pods only and to other addresses",
        ),
        (headless(kernels=("worker",)), "conditional", "kube-proxy on worker has rules for its pods"),
    ],
    ids=[
        "only a name",
        "a virtual IP",
        "no answer",
        "another address",
        "some pods",
        "all pods and another address",
        "some pods and another address",
        "rules for its pods",
    ],
)
def test_headless(seen, verdict, condition):
    decision = decide_headless(seen)
    assert (decision.verdict, decision.condition) == (verdict, condition)


def both(pod, cluster):
    return {"pod IP": pod, "ClusterIP": cluster}


@pytest.mark.parametrize(
    ("by_default", "routed", "verdict"),
    [
        (both(0, 0), both(3, 3), "conditional"),
        (both(0, 0), both(0, 0), "confirmed"),
        (both(3, 0), both(3, 3), "conditional"),
        (both(3, 3), both(3, 3), "refuted"),
    ],
    ids=["reached with a route", "never reached", "pods reached by default", "both reached by default"],
)
def test_outside(by_default, routed, verdict):
    assert decide_outside(by_default, routed, 3).verdict == verdict


GA, ON_AND_DEPRECATED, OFF = FeatureGate("", True), FeatureGate("DEPRECATED", True), FeatureGate("DEPRECATED", False)
WARNING = "The ipvs proxier has been deprecated"


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (ModeAge((1, 34), "ipvs", None, GA, ""), "confirmed"),
        (ModeAge((1, 35), "ipvs", None, GA, WARNING), "conditional"),
        (ModeAge((1, 37), "nftables", ON_AND_DEPRECATED, GA, ""), "conditional"),
        (ModeAge((1, 40), "nftables", OFF, GA, ""), "conditional"),
        (ModeAge((1, 10), "ipvs", FeatureGate("BETA", True), None, ""), "refuted"),
        (ModeAge((1, 36), "iptables", None, GA, ""), "untested"),
    ],
    ids=["GA", "deprecated by its log", "deprecated by its gate", "off by default", "beta", "unknown"],
)
def test_ipvs_is_ga(age, verdict):
    assert decide_ipvs_ga(age).verdict == verdict


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (ModeAge((1, 37), "ipvs", ON_AND_DEPRECATED, GA, WARNING), "refuted"),
        (ModeAge((1, 38), "nftables", ON_AND_DEPRECATED, None, ""), "refuted"),
        (ModeAge((1, 39), "ipvs", ON_AND_DEPRECATED, None, WARNING), "refuted"),
        (ModeAge((1, 31), "ipvs", None, FeatureGate("BETA", True), ""), "refuted"),
        (ModeAge((1, 29), "ipvs", None, FeatureGate("ALPHA", False), ""), "conditional"),
        (ModeAge((1, 28), "ipvs", None, None, ""), "confirmed"),
        (ModeAge((1, 30), "ipvs", None, None, ""), "untested"),
    ],
    ids=["GA gate", "runs nftables", "gate retired", "beta", "alpha and off", "before nftables", "unknown"],
)
def test_ipvs_is_the_newest_mode(age, verdict):
    assert decide_ipvs_newest(age).verdict == verdict


def test_mode_age_lists_the_gates_and_the_log_message():
    assert ModeAge((1, 37), "ipvs", ON_AND_DEPRECATED, GA, WARNING).in_words == (
        "kube-proxy 1.37 in ipvs mode has the feature gate KubeProxyIPVS (deprecated, on) and the feature gate "
        "NFTablesProxyMode (GA, on). It logged: 'The ipvs proxier has been deprecated'."
    )
