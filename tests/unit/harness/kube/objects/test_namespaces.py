import pytest
from kubernetes.client.exceptions import ApiException

from harness.kube.client import Kube
from harness.kube.objects.namespaces import own_namespace
from tests.fakes.cluster.apiserver import FakeApiServer, serving

ACCOUNT = "/api/v1/namespaces/case-1/serviceaccounts/default"
ANSWERS = {
    "POST /api/v1/namespaces": {"metadata": {"name": "case-1"}},
    f"PATCH {ACCOUNT}": {},
    "DELETE /api/v1/namespaces/case-1": {},
}


def test_a_namespace_gets_its_service_account_at_once_and_is_deleted_at_the_end(tmp_path):
    api = FakeApiServer(ANSWERS)
    with serving(api, tmp_path) as cluster, own_namespace(Kube(cluster), {"generateName": "case-"}) as name:
        assert name == "case-1"
        assert api.asked == ["POST /api/v1/namespaces", f"PATCH {ACCOUNT}?fieldManager=case&force=true"]
    assert api.bodies[0]["metadata"] == {"generateName": "case-"}
    assert api.asked[2:] == ["DELETE /api/v1/namespaces/case-1"]


def test_a_namespace_is_deleted_even_if_its_service_account_is_refused(tmp_path):
    api = FakeApiServer({**ANSWERS, f"PATCH {ACCOUNT}": (403, {"reason": "Forbidden"})})
    with (
        serving(api, tmp_path) as cluster,
        pytest.raises(ApiException, match="Forbidden"),
        own_namespace(Kube(cluster), {"name": "case-1"}),
    ):
        raise AssertionError("the block must not begin")
    assert api.asked[-1] == "DELETE /api/v1/namespaces/case-1"
