"""Faults of one node's kubelet."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from tests.planted.fault import Fault, Site
from tests.planted.means import kubelets
from tests.planted.means.kernel import repeated
from tests.planted.suites import DAEMON_SET, STATIC_MIRROR, STATIC_PROBES, UNDONE
from tests.planted.trial.expectation import Expectation


@contextmanager
def _stopped(site: Site) -> Iterator[None]:
    with kubelets.stopped(site, site.other_worker):
        yield


@contextmanager
def _static_pods_ignored(site: Site) -> Iterator[None]:
    with kubelets.without_static_pods(site, site.worker):
        yield


STATIC_POD_CONTAINERS = 'labels."io.kubernetes.pod.name"~="^static-",labels."io.kubernetes.container.name"==main'


@contextmanager
def _static_pods_killed(site: Site) -> Iterator[None]:
    ctr = "ctr --namespace=k8s.io"
    found = f"{ctr} containers list --quiet {shlex.quote(STATIC_POD_CONTAINERS)}"
    kill = f"for id in $({found}); do {ctr} tasks kill --signal=KILL $id; done; sleep 3"
    with repeated(site, site.worker, kill):
        yield


FAULTS = (
    Fault(
        "one node's kubelet is stopped",
        _stopped,
        expect=(Expectation(DAEMON_SET, "observation.require()"),),
        bystanders=(STATIC_PROBES,),
    ),
    Fault(
        "one node's kubelet does not look into its static folder",
        _static_pods_ignored,
        expect=(
            Expectation(
                STATIC_MIRROR,
                'waits.wait_pod_appears(namespace, mirror, "ready", is_ready)',
                message="last seen: no pod$",
            ),
        ),
        bystanders=(UNDONE,),
    ),
    Fault(
        "the containers of static pods do not last",
        _static_pods_killed,
        expect=(Expectation(STATIC_MIRROR, "assert same_container"),),
        bystanders=(STATIC_PROBES,),
    ),
)
