"""Faults of autoscaling: no scaling, wrong metrics, or no upper bound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.planted import samples
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, replaced
from tests.planted.means.manifests import controller_manager_without
from tests.planted.means.metrics import doubled
from tests.planted.suites import COMPARING_CPU, CPU, PAUSED, REPLICAS, TOLERANCE
from tests.planted.trial.expectation import Expectation

MANY = 100
"""A number of replicas that is higher than the maxReplicas of any case."""


@contextmanager
def _autoscaler_stopped(site: Site) -> Iterator[None]:
    with controller_manager_without(site, "horizontal-pod-autoscaler-controller"):
        yield


@contextmanager
def _usage_doubled(site: Site) -> Iterator[None]:
    with doubled(site):
        yield


@contextmanager
def _max_replicas_raised(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.autoscaler(),
        when=f"object.spec.maxReplicas < {MANY}",
        patch=replaced("/spec/maxReplicas", str(MANY)),
        seen=lambda made: made["spec"]["maxReplicas"] == MANY,
    ):
        yield


FAULTS = (
    Fault(
        "no autoscaler does anything",
        _autoscaler_stopped,
        expect=(Expectation(TOLERANCE, 'busy.wait_sample("with a metric"', message="no new status"),),
        bystanders=(PAUSED,),
    ),
    Fault(
        "the metrics API reports twice the CPU that was used",
        _usage_doubled,
        expect=(Expectation(CPU, "metrics-server and the kernel disagree", place=COMPARING_CPU),),
        bystanders=(TOLERANCE,),
    ),
    Fault(
        "autoscalers ignore maxReplicas",
        _max_replicas_raised,
        expect=(Expectation(TOLERANCE, "assert (far.current, far.desired) == (1, 2)"),),
        bystanders=(REPLICAS,),
    ),
)
