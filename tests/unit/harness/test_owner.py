"""The owner of an existing cluster: what a run makes there is gone when it ends, however it ends."""

from pathlib import Path

import pytest

from clusters.errors import ClusterNotReady, UsageError
from harness.run.owner import ProviderOwner
from harness.run.request import NO_IMAGES, ClusterRequest, read_request
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


class Options:
    """Options of pytest, with what a run on an existing cluster gives."""

    def __init__(self, **given):
        self._given = {"kubeconfig": Path("k"), "context": "c", "source": "auto", "substrate": "auto", **given}

    def getoption(self, name):
        return self._given.get(name)


def test_a_run_takes_images_for_an_existing_cluster():
    request = read_request(Options(load_image="reg.example/load:1", tools_image="reg.example/tools:1"))
    assert request.images.given == {"load": "reg.example/load:1", "tools": "reg.example/tools:1"}
    assert read_request(Options()).images == NO_IMAGES


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"tools_image": "a b"}, "--tools-image=a b is no image reference"),
        (
            {"proxy_mode": "ipvs", "kubeconfig": None, "context": None, "load_image": "a/b:1"},
            "--load-image name images of an existing cluster",
        ),
    ],
)
def test_images_that_make_no_sense_are_refused(options, complaint):
    with pytest.raises(UsageError, match=complaint):
        read_request(Options(**options))
