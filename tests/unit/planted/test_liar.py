"""What the liar beside metrics-server makes of its answers."""

from tests.planted.pod.liar import MARK, twisted


def test_all_cpu_is_doubled_and_memory_is_not():
    nodes = twisted({"items": [{"metadata": {"name": "a"}, "usage": {"cpu": "150m", "memory": "1Gi"}}]})
    assert nodes["items"] == [
        {"metadata": {"name": "a", "annotations": {MARK: "twice"}}, "usage": {"cpu": "300m", "memory": "1Gi"}}
    ]
    pod = twisted({"metadata": {}, "containers": [{"usage": {"cpu": "7n"}}, {"usage": {"cpu": "0"}}]})
    assert [container["usage"]["cpu"] for container in pod["containers"]] == ["14n", "0"]


def test_what_tells_of_no_usage_stays():
    assert twisted({"kind": "APIResourceList", "resources": []}) == {"kind": "APIResourceList", "resources": []}
