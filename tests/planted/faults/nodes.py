"""A kubelet does not do its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.planted.fault import Fault, Site
from tests.planted.means import kubelets
from tests.planted.suites import DAEMON_SET, STATIC_MIRROR, STATIC_PROBES, UNDONE


@contextmanager
def _stopped(site: Site) -> Iterator[None]:
    with kubelets.stopped(site, site.other_worker):
        yield


@contextmanager
def _static_pods_ignored(site: Site) -> Iterator[None]:
    with kubelets.without_static_pods(site, site.worker):
        yield


FAULTS = (
    Fault(
        "one node's kubelet is stopped",
        _stopped,
        caught_by=(DAEMON_SET,),
        bystanders=(STATIC_PROBES,),
    ),
    Fault(
        "one node's kubelet does not look into its static folder",
        _static_pods_ignored,
        caught_by=(STATIC_MIRROR,),
        bystanders=(UNDONE,),
    ),
)
