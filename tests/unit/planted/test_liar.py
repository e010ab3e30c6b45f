"""What the liar beside metrics-server makes of its answers."""

import urllib.request

import yaml

from tests.fakes.apiserver import FakeApiServer, serving
from tests.planted.pod.liar import MARK, asked, twisted


def test_all_cpu_is_doubled_and_memory_is_not():
    nodes = twisted({"items": [{"metadata": {"name": "a"}, "usage": {"cpu": "150m", "memory": "1Gi"}}]})
    assert nodes["items"] == [
        {"metadata": {"name": "a", "annotations": {MARK: "twice"}}, "usage": {"cpu": "300m", "memory": "1Gi"}}
    ]
    pod = twisted({"metadata": {}, "containers": [{"usage": {"cpu": "7n"}}, {"usage": {"cpu": "0"}}]})
    assert [container["usage"]["cpu"] for container in pod["containers"]] == ["14n", "0"]


def test_what_tells_of_no_usage_stays():
    assert twisted({"kind": "APIResourceList", "resources": []}) == {"kind": "APIResourceList", "resources": []}


def test_a_refusal_is_passed_on_as_it_is(tmp_path):
    api = FakeApiServer({"GET /pods/old": {"metadata": {}}})
    with serving(api, tmp_path) as cluster:
        (found,) = yaml.safe_load(cluster.kubeconfig.read_text())["clusters"]
        server = found["cluster"]["server"]
        answers = {name: asked(urllib.request.Request(f"{server}/pods/{name}")) for name in ("old", "new")}
    assert {name: answer[:2] for name, answer in answers.items()} == {
        "old": (200, "application/json"),
        "new": (404, "application/json"),
    }
    assert b"NotFound" in answers["new"][2]
