"""The owner of an existing cluster removes what the run created there, even if the run fails."""

import pytest

from clusters.errors import ClusterNotReady, WorldError
from harness.plugin.run.owner import ProviderOwner
from harness.plugin.run.request import ClusterRequest
from tests.fakes.cluster.api import node
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.fakes.progress import SilentProgress

NAMESPACES = "/api/v1/namespaces"


def existing(cluster, *, allow_disruptive=False):
    return ClusterRequest(
        *(None, None, None, None, 2, cluster.kubeconfig, cluster.context),
        keep=False,
        reuse=False,
        allow_disruptive=allow_disruptive,
    )


class WithServiceAccount(dict):
    """Responses of a cluster in which our namespace already has its default ServiceAccount."""

    def get(self, key, default=None):
        return (409, {}) if key.endswith("/serviceaccounts") else super().get(key, default)


def test_a_namespace_is_removed_if_the_cluster_cannot_be_described(tmp_path):
    server = FakeApiServer({})
    server.answers = WithServiceAccount(
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


def working():
    """Return the API server of a cluster with one node, whose kube-proxy names its mode in its log."""
    server = FakeApiServer({})
    pods = f"{NAMESPACES}/kube-system/pods"
    proxy = {
        "metadata": {"name": "kube-proxy-1", "labels": {"k8s-app": "kube-proxy"}},
        "spec": {"nodeName": "control-plane", "containers": [{"image": "kube-proxy:v1.36.1"}]},
        "status": {"phase": "Running"},
    }
    server.answers = WithServiceAccount(
        {
            f"GET {NAMESPACES}": {"items": []},
            f"POST {NAMESPACES}": {},
            "GET /version": {"gitVersion": "v1.36.1"},
            "GET /api/v1/nodes": {"items": [node(0, "control-plane")]},
            f"GET {pods}": {"items": [proxy]},
            f"GET {pods}/kube-proxy-1/log": "Using iptables Proxier",
        }
    )
    return server


def test_closing_an_existing_cluster_removes_the_runs_namespace(tmp_path):
    server, owner, logs = working(), ProviderOwner(), tmp_path / "logs"
    with serving(server, tmp_path) as cluster:
        opened = owner.open(existing(cluster), SilentProgress())
        removal = f"DELETE {NAMESPACES}/{opened.namespace}"
        assert removal not in server.asked
        owner.close(logs, SilentProgress())
        assert server.asked[-1] == removal
    assert not logs.exists(), "the logs of a cluster that the run may not damage are not exported"


def test_closing_an_existing_cluster_removes_the_runs_namespace_even_if_no_log_can_be_written(tmp_path):
    server, owner, logs = working(), ProviderOwner(), tmp_path / "logs"
    logs.touch()
    with serving(server, tmp_path) as cluster:
        opened = owner.open(existing(cluster, allow_disruptive=True), SilentProgress())
        with pytest.raises(WorldError, match="logs cannot be written"):
            owner.close(logs, SilentProgress())
    assert server.asked[-1] == f"DELETE {NAMESPACES}/{opened.namespace}"


def test_closing_without_opening_does_nothing(tmp_path):
    owner = ProviderOwner()
    assert owner.closing_facts() == {}
    owner.close(tmp_path, SilentProgress())
