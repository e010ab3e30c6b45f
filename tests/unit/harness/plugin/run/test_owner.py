"""The owner of an existing cluster: what a run makes there is gone when it ends, however it ends."""

import pytest

from clusters.errors import ClusterNotReady
from harness.plugin.run.owner import ProviderOwner
from harness.plugin.run.request import ClusterRequest
from tests.fakes.apiserver import FakeApiServer, serving
from tests.fakes.progress import SilentProgress

NAMESPACES = "/api/v1/namespaces"


def existing(cluster):
    return ClusterRequest(
        *(None, None, None, None, 2, cluster.kubeconfig, cluster.context),
        keep=False,
        reuse=False,
        allow_disruptive=False,
    )


class WithoutProxies(dict):
    """Answers of a cluster that runs no kube-proxy; ours has its default ServiceAccount already."""

    def get(self, key, default=None):
        return (409, {}) if key.endswith("/serviceaccounts") else super().get(key, default)


def test_a_cluster_that_cannot_be_described_keeps_nothing_of_ours(tmp_path):
    server = FakeApiServer({})
    server.answers = WithoutProxies(
        {
            f"GET {NAMESPACES}": {"items": []},
            f"POST {NAMESPACES}": {},
            "GET /version": {"gitVersion": "v1.36.1"},
            f"GET {NAMESPACES}/kube-system/pods": {"items": []},
        }
    )
    with serving(server, tmp_path) as cluster, pytest.raises(ClusterNotReady, match="runs no kube-proxy pods"):
        ProviderOwner().open(existing(cluster), SilentProgress())
    (made,) = [body["metadata"]["name"] for body in server.bodies if body and "labels" in body["metadata"]]
    assert server.asked[-1] == f"DELETE {NAMESPACES}/{made}"


def test_an_owner_that_has_opened_nothing_closes_nothing(tmp_path):
    owner = ProviderOwner()
    assert owner.closing_facts() == {}
    owner.close(tmp_path, SilentProgress())
