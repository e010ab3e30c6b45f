"""Faults of controllers: they do nothing, or not what the object's spec says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.kube.nodes.control_plane import ControlPlane
from tests.planted import samples
from tests.planted.fault import Fault, Site
from tests.planted.means.admission import altered, refused, removed, replaced
from tests.planted.means.manifests import CONTROLLER_MANAGER, controller_manager_without
from tests.planted.suites import (
    BOUNDS,
    CREATION,
    DAEMON_SET,
    MAKING_A_SERVICE,
    NODE_PORT,
    PAUSED,
    READY_LONG_ENOUGH,
    RECREATE,
    REFUSED_POLICIES,
    REPLICAS,
    REVISIONS,
    TAINTS,
    UNDONE,
)
from tests.planted.trial.expectation import Expectation


@contextmanager
def _stopped(site: Site) -> Iterator[None]:
    with ControlPlane(site.kube, site.nodes).stopped(CONTROLLER_MANAGER):
        yield


@contextmanager
def _no_endpoints(site: Site) -> Iterator[None]:
    with controller_manager_without(site, "endpointslice-controller"):
        yield


@contextmanager
def _no_taint_eviction(site: Site) -> Iterator[None]:
    with controller_manager_without(site, "taint-eviction-controller"):
        yield


@contextmanager
def _no_pods_created(site: Site) -> Iterator[None]:
    with controller_manager_without(site, "replicaset-controller"):
        yield


@contextmanager
def _surge_unbounded(site: Site) -> Iterator[None]:
    bounds = "object.spec.strategy.rollingUpdate"
    with altered(
        site,
        samples.deployment(),
        # Leave an object alone whose bounds are both 0, so that the API server still refuses it.
        when=f"has({bounds}) && string({bounds}.maxSurge) != '100%' && string({bounds}.maxUnavailable) != '0'",
        patch=replaced("/spec/strategy/rollingUpdate/maxSurge", "'100%'"),
        seen=lambda made: made["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == "100%",
    ):
        yield


@contextmanager
def _history_kept(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.deployment(revisionHistoryLimit=1),
        when="object.spec.revisionHistoryLimit < 10",
        patch=replaced("/spec/revisionHistoryLimit", "10"),
        seen=lambda made: made["spec"]["revisionHistoryLimit"] == 10,
    ):
        yield


@contextmanager
def _never_paused(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.deployment(paused=True),
        when="has(object.spec.paused) && object.spec.paused",
        patch=removed("/spec/paused"),
        seen=lambda made: not made["spec"].get("paused", False),
    ):
        yield


@contextmanager
def _available_at_once(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.deployment(minReadySeconds=5),
        when="has(object.spec.minReadySeconds) && object.spec.minReadySeconds > 0",
        patch=replaced("/spec/minReadySeconds", "0"),
        seen=lambda made: not made["spec"].get("minReadySeconds", 0),
    ):
        yield


@contextmanager
def _recreate_as_rolling_update(site: Site) -> Iterator[None]:
    with altered(
        site,
        samples.deployment(strategy={"type": "Recreate"}),
        when="object.spec.strategy.type == 'Recreate'",
        patch=replaced(
            "/spec/strategy",
            "Object.spec.strategy{type: 'RollingUpdate', rollingUpdate: "
            "Object.spec.strategy.rollingUpdate{maxSurge: '25%', maxUnavailable: '25%'}}",
        ),
        seen=lambda made: made["spec"]["strategy"]["type"] == "RollingUpdate",
    ):
        yield


@contextmanager
def _node_without_daemons(site: Site) -> Iterator[None]:
    """Refuse pods whose node affinity names this node, as the DaemonSet controller sets it for the scheduler."""
    node = site.other_worker.name
    fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    required = {"nodeSelectorTerms": [{"matchFields": fields}]}
    terms = "object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms"
    with refused(
        site,
        samples.pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}),
        when=f"{terms}.orValue([]).exists(t, t.?matchFields.orValue([]).exists(f, '{node}' in f.values))",
    ):
        yield


FAULTS = (
    Fault(
        "no controller-manager runs",
        _stopped,
        expect=(Expectation(CREATION, 'waits.wait_deployment_available(namespace, "web")'),),
        bystanders=(REFUSED_POLICIES,),
    ),
    Fault(
        "Services get no endpoints",
        _no_endpoints,
        expect=(
            Expectation(
                NODE_PORT,
                "waits.wait_endpoints(namespace, name, replicas)",
                place=MAKING_A_SERVICE,
                message="last seen: 0 ready",
            ),
        ),
        bystanders=(PAUSED,),
    ),
    Fault(
        "NoExecute taints evict no pods",
        _no_taint_eviction,
        expect=(Expectation(TAINTS, "waits.wait_gone("),),
        bystanders=(REPLICAS,),
    ),
    Fault(
        "ReplicaSets make no pods",
        _no_pods_created,
        expect=(
            Expectation(
                REPLICAS, 'first = waits.wait_pods_ready(namespace, "app=web", REPLICAS)', message="last seen: no pods"
            ),
        ),
        bystanders=(DAEMON_SET,),
    ),
    Fault(
        "an update surges past its bound",
        _surge_unbounded,
        expect=(Expectation(BOUNDS, "assert within"),),
        bystanders=(UNDONE,),
    ),
    Fault(
        "old revisions are kept for ever",
        _history_kept,
        expect=(Expectation(REVISIONS, "2 ReplicaSets of Deployment"),),
        bystanders=(UNDONE,),
    ),
    Fault(
        "a paused Deployment is rolled out",
        _never_paused,
        expect=(Expectation(PAUSED, "a paused Deployment made a ReplicaSet"),),
        bystanders=(UNDONE,),
    ),
    Fault(
        "a pod counts as available as soon as it is ready",
        _available_at_once,
        expect=(Expectation(READY_LONG_ENOUGH, "assert available_since - ready_since >= timedelta(seconds=HOLD_S)"),),
        bystanders=(PAUSED,),
    ),
    Fault(
        "Recreate starts new pods beside the old ones",
        _recreate_as_rolling_update,
        expect=(Expectation(RECREATE, "assert holds"),),
        bystanders=(UNDONE,),
    ),
    Fault(
        "one node gets no pod of any DaemonSet",
        _node_without_daemons,
        expect=(Expectation(DAEMON_SET, "observation.require()"),),
        bystanders=(UNDONE,),
    ),
)
