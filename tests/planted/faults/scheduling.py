"""Faults of the scheduler: it places pods on wrong nodes, or does not place them at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.kube.nodes.control_plane import ControlPlane
from tests.planted import samples
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, removed
from tests.planted.means.manifests import scheduler_without
from tests.planted.suites import (
    ANTI_AFFINITY,
    BEST_NODE,
    DAEMON_SET,
    GATES,
    LABEL_GONE,
    NODE_SELECTION,
    PRIORITY,
    REFUSED_POLICIES,
    SPREAD,
    TAINTS,
)
from tests.planted.trial.expectation import Expectation


@contextmanager
def _stopped(site: Site) -> Iterator[None]:
    with ControlPlane(site.kube, site.nodes).stopped("kube-scheduler"):
        yield


@contextmanager
def _taints_ignored(site: Site) -> Iterator[None]:
    with scheduler_without(site, filter=("TaintToleration",)):
        yield


@contextmanager
def _labels_ignored(site: Site) -> Iterator[None]:
    with scheduler_without(site, filter=("NodeAffinity",)):
        yield


@contextmanager
def _other_pods_ignored(site: Site) -> Iterator[None]:
    with scheduler_without(site, filter=("InterPodAffinity",)):
        yield


@contextmanager
def _spreading_ignored(site: Site) -> Iterator[None]:
    with scheduler_without(site, filter=("PodTopologySpread",)):
        yield


@contextmanager
def _nothing_scored(site: Site) -> Iterator[None]:
    with scheduler_without(site, score=("*",)):
        yield


@contextmanager
def _no_preemption(site: Site) -> Iterator[None]:
    with scheduler_without(site, postFilter=("DefaultPreemption",)):
        yield


@contextmanager
def _gates_removed(site: Site) -> Iterator[None]:
    """Remove the gates from pods, so that they are scheduled at once.

    A scheduler that ignored the gates would not suffice: the API server refuses to bind a pod that has gates.
    """
    with altered(
        site,
        samples.pod(schedulingGates=[{"name": "example.com/gate"}]),
        when="has(object.spec.schedulingGates) && size(object.spec.schedulingGates) > 0",
        patch=removed("/spec/schedulingGates"),
        seen=lambda made: not made["spec"].get("schedulingGates"),
    ):
        yield


FAULTS = (
    Fault(
        "no scheduler runs",
        _stopped,
        expect=(
            Expectation(GATES, 'waits.wait_pod(namespace, "gated", "running"', message="last seen: gated Pending"),
        ),
        bystanders=(REFUSED_POLICIES,),
    ),
    Fault(
        "the scheduler ignores taints",
        _taints_ignored,
        expect=(Expectation(TAINTS, 'waits.wait_pod(namespace, "kept-off", "unschedulable"'),),
        bystanders=(DAEMON_SET,),
    ),
    Fault(
        "the scheduler ignores nodes' labels",
        _labels_ignored,
        expect=(Expectation(LABEL_GONE, 'waits.wait_pod(namespace, "late", "found unschedulable"'),),
        bystanders=(ANTI_AFFINITY,),
    ),
    Fault(
        "the scheduler ignores which pods a node has",
        _other_pods_ignored,
        expect=(
            Expectation(ANTI_AFFINITY, "assert placed == {node.name: 1 for node in cluster.workers}"),
            Expectation(ANTI_AFFINITY, 'waits.wait_pod(namespace, "too-many", "unschedulable"'),
        ),
        bystanders=(NODE_SELECTION,),
    ),
    Fault(
        "the scheduler does not spread pods",
        _spreading_ignored,
        expect=(Expectation(SPREAD, "assert placed == {node.name: 2 for node in cluster.workers}"),),
        bystanders=(ANTI_AFFINITY,),
    ),
    Fault(
        "the scheduler takes any fit node, not the best",
        _nothing_scored,
        expect=(Expectation(BEST_NODE, "assert seen == expected"),),
        bystanders=(ANTI_AFFINITY,),
    ),
    Fault(
        "no pod is preempted",
        _no_preemption,
        expect=(
            Expectation(PRIORITY, 'waits.wait_pod(namespace, "high", "running"', message="last seen: high Pending"),
        ),
        bystanders=(ANTI_AFFINITY,),
    ),
    Fault(
        "scheduling gates are ignored",
        _gates_removed,
        expect=(Expectation(GATES, 'waits.wait_pod(namespace, "gated", "gated", is_gated)'),),
        bystanders=(ANTI_AFFINITY,),
    ),
)
