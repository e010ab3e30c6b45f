"""The owner of an existing cluster removes what the run created there, even if the run fails."""

import pytest

from clusters.errors import ClusterNotReady
from harness.plugin.run.owner import ProviderOwner
from harness.plugin.run.request import ClusterRequest
from tests.fakes.cluster.apiserver import FakeApiServer, serving
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
    """Responses of a cluster without kube-proxy; our namespace already has its default ServiceAccount."""

    def get(self, key, default=None):
        return (409, {}) if key.endswith("/serviceaccounts") else super().get(key, default)


def test_a_namespace_is_removed_if_the_cluster_cannot_be_described(tmp_path):
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
    (created,) = [body["metadata"]["name"] for body in server.bodies if body and "labels" in body["metadata"]]
    assert server.asked[-1] == f"DELETE {NAMESPACES}/{created}"


def test_closing_without_opening_does_nothing(tmp_path):
    owner = ProviderOwner()
    assert owner.closing_facts() == {}
    owner.close(tmp_path, SilentProgress())
