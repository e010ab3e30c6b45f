"""The messages that faults expect from waits are those that the waits raise."""

import re

import pytest

from harness.autoscaling.recorder import AutoscalerRecord
from harness.errors import DeadlinePassed
from harness.kube.client import Kube
from harness.kube.wait import Waits
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.planted.faults import FAULTS

PODS, SLICES = "GET /api/v1/namespaces/a/pods", "GET /apis/discovery.k8s.io/v1/namespaces/a/endpointslices"
MESSAGES = {fault.name: expected.message for fault in FAULTS for expected in fault.expect if expected.message}
ADDRESSES = "DNS gives one address for every Service called web"
"""The fault whose expected message is an address, which no wait writes by itself."""


class NoEvents:
    """A recorder without events."""

    def events(self, kind):
        return ()


def pod(name, phase, reason=None):
    """Return the API server's response for a pod whose container waits for that reason."""
    states = [] if reason is None else [{"state": {"waiting": {"reason": reason}}}]
    return {f"{PODS}/{name}": {"metadata": {"name": name}, "status": {"phase": phase, "containerStatuses": states}}}


def never(pod):
    return False


def wait_pod(name):
    return lambda waits: waits.wait_pod("a", name, "in a state that it never reaches", never)


WAITS = {
    "Services get no endpoints": ({SLICES: {"items": []}}, lambda waits: waits.wait_endpoints("a", "web", 2)),
    "ReplicaSets make no pods": ({PODS: {"items": []}}, lambda waits: waits.wait_pods_ready("a", "app=web", 3)),
    "no scheduler runs": (pod("gated", "Pending"), wait_pod("gated")),
    "no pod is preempted": (pod("high", "Pending"), wait_pod("high")),
    "containers that failed are not restarted under OnFailure": (
        pod("onfailure-1", "Failed"),
        wait_pod("onfailure-1"),
    ),
    "one node's kubelet does not look into its static folder": (
        {},
        lambda waits: waits.wait_pod_appears("a", "static-node", "ready", never),
    ),
    "registries serve layers that do not match their digests": (
        pod("always-0", "Pending", "ImagePullBackOff"),
        wait_pod("always-0"),
    ),
    "no autoscaler does anything": (
        {},
        lambda waits: AutoscalerRecord(NoEvents(), "busy").wait_sample("with a metric", never, deadline_s=0),
    ),
}
"""By fault: the API server's responses, and the wait that fails with them."""


@pytest.mark.parametrize("fault", sorted(MESSAGES.keys() - {ADDRESSES}))
def test_a_wait_raises_the_message_that_a_fault_expects(fault, tmp_path):
    answers, wait = WAITS[fault]
    with serving(FakeApiServer(answers), tmp_path) as cluster, pytest.raises(DeadlinePassed) as ended:
        wait(Waits(Kube(cluster), JumpingClock()))
    assert re.search(MESSAGES[fault], str(ended.value).strip()), str(ended.value)
