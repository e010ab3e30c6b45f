import pytest

from harness.errors import BecameImpossible, DeadlinePassed
from harness.kube.client import Kube
from harness.kube.wait import Waits
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.unit.harness.kube.test_status import deployment

POD = "/api/v1/namespaces/a/pods/web-1"
SLICES = "GET /apis/discovery.k8s.io/v1/namespaces/a/endpointslices"
DEPLOYMENT = "GET /apis/apps/v1/namespaces/a/deployments/web"


@pytest.fixture
def waits_on(tmp_path):
    """Return a function that runs one wait against a fake API server with fixed answers."""

    def make(answers, wait):
        with serving(FakeApiServer(answers), tmp_path) as cluster:
            return wait(Waits(Kube(cluster), JumpingClock()))

    return make


def test_a_wait_for_a_pod_may_expect_its_failure(waits_on):
    failed = {"metadata": {"name": "web-1"}, "status": {"phase": "Failed"}}
    seen = waits_on(
        {f"GET {POD}": failed},
        lambda waits: waits.wait_pod("a", "web-1", "Failed", lambda pod: pod["status"]["phase"] == "Failed"),
    )
    assert seen == failed


def test_a_wait_for_a_pod_ends_early_if_the_pod_is_gone(waits_on):
    with pytest.raises(BecameImpossible, match=r"pod a/web-1 of cluster kubeproof-fake Ready.*the pod is gone"):
        waits_on({}, lambda waits: waits.wait_pod("a", "web-1", "Ready", lambda pod: True))


def test_an_object_is_gone_when_the_api_server_answers_404(waits_on):
    waits_on({}, lambda waits: waits.wait_gone(POD))
    with pytest.raises(DeadlinePassed, match="web-1 of cluster kubeproof-fake gone: not in time"):
        waits_on({f"GET {POD}": {"metadata": {"finalizers": ["x"]}}}, lambda waits: waits.wait_gone(POD, deadline_s=1))


def test_a_wait_for_an_empty_list_names_what_is_left(waits_on):
    path = "/api/v1/namespaces"
    waits_on({f"GET {path}": {"items": []}}, lambda waits: waits.wait_none(path))
    leaving = {"items": [{"metadata": {"name": "web-1a"}}]}
    with pytest.raises(DeadlinePassed, match=r"kubeproof-fake.*last seen: web-1a"):
        waits_on({f"GET {path}": leaving}, lambda waits: waits.wait_none(path, deadline_s=1))


def test_a_wait_for_a_rollout_ends_early_if_its_progress_deadline_is_exceeded(waits_on):
    exceeded = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "web-7 has timed out"}
    stuck = deployment(available=2, conditions=[exceeded])
    with pytest.raises(BecameImpossible, match="web-7 has timed out"):
        waits_on({DEPLOYMENT: stuck}, lambda waits: waits.wait_deployment_available("a", "web"))


def test_only_ready_endpoints_are_returned(waits_on):
    ready, leaving = {"addresses": ["10.244.1.5"], "conditions": {"ready": True}}, {"addresses": ["10.244.1.6"]}
    leaving["conditions"] = {"ready": False, "serving": True, "terminating": True}
    slices = {"items": [{"ports": [{"port": 8080}], "endpoints": [ready, leaving]}, {"ports": None, "endpoints": None}]}
    assert waits_on({SLICES: slices}, lambda waits: waits.wait_endpoints("a", "web", 1)) == {("10.244.1.5", 8080)}
