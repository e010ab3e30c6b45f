"""The falsified metrics: responses of metrics-server with all CPU usage doubled."""

import urllib.request

import yaml

from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.planted.pod.falsified_metrics import MARK, doubled, fetch


def test_all_cpu_usage_is_doubled_and_memory_is_not():
    nodes = doubled({"items": [{"metadata": {"name": "a"}, "usage": {"cpu": "150m", "memory": "1Gi"}}]})
    assert nodes["items"] == [
        {"metadata": {"name": "a", "annotations": {MARK: "twice"}}, "usage": {"cpu": "300m", "memory": "1Gi"}}
    ]
    pod = doubled({"metadata": {}, "containers": [{"usage": {"cpu": "7n"}}, {"usage": {"cpu": "0"}}]})
    assert [container["usage"]["cpu"] for container in pod["containers"]] == ["14n", "0"]


def test_a_document_without_usage_is_unchanged():
    assert doubled({"kind": "APIResourceList", "resources": []}) == {"kind": "APIResourceList", "resources": []}


def test_an_error_response_is_forwarded_unchanged(tmp_path):
    api = FakeApiServer({"GET /pods/old": {"metadata": {}}})
    with serving(api, tmp_path) as cluster:
        (found,) = yaml.safe_load(cluster.kubeconfig.read_text())["clusters"]
        server = found["cluster"]["server"]
        responses = {name: fetch(urllib.request.Request(f"{server}/pods/{name}")) for name in ("old", "new")}
    assert {name: response[:2] for name, response in responses.items()} == {
        "old": (200, "application/json"),
        "new": (404, "application/json"),
    }
    assert b"NotFound" in responses["new"][2]
