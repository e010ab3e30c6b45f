"""The decision functions for the claims about the cluster's edge: each can return every verdict."""

import pytest

from suites.edge.decisions import BalancerAddress, decide_balancer_address, decide_ways_open


def given(address="172.18.255.1", of_balancer=True, unprogrammed=(), answered=20):
    return BalancerAddress(address, 240.0, of_balancer, 3, unprogrammed, "worker", answered, 20)


@pytest.mark.parametrize(
    ("seen", "verdict", "condition"),
    [
        (given(), "confirmed", ""),
        (given(address=None, of_balancer=False), "refuted", ""),
        (given(of_balancer=False), "refuted", ""),
        (given(unprogrammed=("worker2",)), "conditional", "worker2 does not lead the address to backends"),
        (given(answered=19), "conditional", "the status has the address, but connections to it from outside are lost"),
    ],
    ids=["reached", "no address", "not the balancer's address", "one node lacks it", "one connection lost"],
)
def test_a_balancers_address(seen, verdict, condition):
    decision = decide_balancer_address(seen)
    assert (decision.verdict, decision.condition) == (verdict, condition)


def test_evidence_reports_how_long_an_address_was_waited_for():
    assert decide_balancer_address(given(address=None)).evidence == (
        "240 s after the Service was changed to type LoadBalancer, its status had no address."
    )


def ways(host, node, balancer):
    return {"hostPort": host, "NodePort": node, "LoadBalancer": balancer}


@pytest.mark.parametrize(
    ("before", "after", "verdict", "condition"),
    [
        (ways(False, False, False), ways(True, True, True), "confirmed", ""),
        (ways(False, False, False), ways(False, False, False), "refuted", ""),
        (ways(True, True, True), ways(True, True, True), "refuted", ""),
        (
            ways(False, False, False),
            ways(True, True, False),
            "conditional",
            "hostPort and NodePort opened a way in, LoadBalancer did not",
        ),
        (
            ways(False, True, False),
            ways(True, True, True),
            "conditional",
            "hostPort and LoadBalancer opened a way in, NodePort did not",
        ),
    ],
    ids=["all opened", "none opened", "all open before", "one stays closed", "one was open before"],
)
def test_ways_open(before, after, verdict, condition):
    decision = decide_ways_open(before, after)
    assert (decision.verdict, decision.condition) == (verdict, condition)
