"""The decision functions for the claims about Deployments and DaemonSets: each can return every verdict."""

import pytest

from suites.rollouts.decisions import DaemonPods, PodsKept, decide_daemon_set, decide_replicas, tainted_nodes


def kept(after_delete=3, after_drain=3, pending=0, on_drained=0):
    return PodsKept(3, after_delete, after_drain, pending, evicted=2, drained="worker", on_drained=on_drained)


@pytest.mark.parametrize(
    ("seen", "verdict", "condition"),
    [
        (kept(), "confirmed", ""),
        (kept(after_delete=2, after_drain=1), "refuted", ""),
        (kept(after_drain=1), "conditional", "after a pod is deleted, but not after a node is drained"),
        (kept(on_drained=2), "conditional", "after a pod is deleted, but not after a node is drained"),
        (kept(after_delete=2), "conditional", "after a node is drained, but not after a pod is deleted"),
        (
            kept(after_drain=1, pending=2),
            "conditional",
            "as long as its pods can be scheduled on another node",
        ),
    ],
    ids=[
        "kept",
        "never replaced",
        "lost by a drain",
        "back on the drained node",
        "lost by a deletion",
        "no other node",
    ],
)
def test_replicas(seen, verdict, condition):
    decision = decide_replicas(seen)
    assert (decision.verdict, decision.condition) == (verdict, condition)


NODES = ("control-plane", "worker", "worker2")
WORKERS = {"worker": 1, "worker2": 1}
ALL = dict.fromkeys(NODES, 1)


def daemons(tolerant=ALL, plain=WORKERS, chosen=None, tainted=("control-plane",), refused=True):
    return DaemonPods(NODES, tainted, tolerant, plain, {"worker": 1} if chosen is None else chosen, "worker", refused)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (daemons(), "conditional"),
        (daemons(plain=ALL), "confirmed"),
        (daemons(plain=ALL, tainted=()), "conditional"),
        (daemons(plain={"control-plane": 1, "worker": 1}, tainted=("control-plane", "worker2")), "conditional"),
        (daemons(tolerant=WORKERS), "refuted"),
        (daemons(tolerant={**ALL, "worker": 2}), "refuted"),
        (daemons(plain={"worker": 2, "worker2": 1}), "refuted"),
        (daemons(plain={"worker": 1}), "refuted"),
        (daemons(chosen={}), "refuted"),
        (daemons(chosen={"worker2": 1}), "refuted"),
        (daemons(refused=False), "refuted"),
    ],
    ids=[
        "taints keep pods off",
        "taints do not keep pods off",
        "no node is tainted",
        "taints keep pods off one of two tainted nodes",
        "one node has no pod",
        "one node has two pods",
        "an untainted node has two pods",
        "an untainted node has no pod",
        "the labelled node has no pod",
        "a node without the label has the pod",
        "replicas is accepted",
    ],
)
def test_daemon_sets(seen, verdict):
    assert decide_daemon_set(seen).verdict == verdict


def node(name, *taints):
    return {"metadata": {"name": name}, "spec": {"taints": [{"key": key, "effect": effect} for key, effect in taints]}}


def test_taints_that_every_daemon_set_tolerates_do_not_keep_pods_off():
    nodes = [
        {"metadata": {"name": "free"}, "spec": {}},
        node("cordoned", ("node.kubernetes.io/unschedulable", "NoSchedule")),
        node("full", ("node.kubernetes.io/disk-pressure", "NoSchedule")),
        node("unreachable", ("node.kubernetes.io/unreachable", "NoExecute")),
        node("avoided", ("example.com/slow", "PreferNoSchedule")),
    ]
    assert tainted_nodes(nodes) == ()


def test_other_taints_keep_pods_of_daemon_sets_off():
    nodes = [
        node("control-plane", ("node-role.kubernetes.io/control-plane", "NoSchedule")),
        node("draining", ("example.com/drain", "NoExecute")),
        node(
            "not-ready", ("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/not-ready", "NoSchedule")
        ),
        node("no-network", ("node.kubernetes.io/network-unavailable", "NoSchedule")),
    ]
    assert tainted_nodes(nodes) == ("control-plane", "draining", "not-ready", "no-network")
