"""Tests of the availability of the metrics API, and of stopping metrics-server."""

import pytest

from harness.autoscaling.metrics_server import MetricsServer, window_begin_s
from harness.kube.client import Kube
from tests.fakes.cluster.apiserver import FakeApiServer, serving

API = "GET /apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/metrics-server"
PODS = "GET /api/v1/namespaces/kube-system/pods"
NODES = "GET /apis/metrics.k8s.io/v1beta1/nodes"


def available(status, **more):
    return {"status": {"conditions": [{"type": "Available", "status": status, **more}]}}


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "the cluster has no APIService v1beta1.metrics.k8s.io: no metrics-server is installed"),
        ({API: available("True")}, None),
        (
            {API: available("False", reason="MissingEndpoints", message="no endpoints")},
            "APIService v1beta1.metrics.k8s.io is not available: MissingEndpoints: no endpoints",
        ),
    ],
)
def test_the_reason_why_there_are_no_metrics_is_returned(tmp_path, answers, reason):
    with serving(FakeApiServer(answers), tmp_path) as cluster:
        assert MetricsServer(Kube(cluster)).why_unavailable() == reason


def test_metrics_server_is_scaled_up_again_even_if_the_case_fails(tmp_path):
    api = FakeApiServer({f"GET {DEPLOYMENT}": {"spec": {"replicas": 1}}, f"PATCH {DEPLOYMENT}": {}})
    api.answers[PODS] = {"items": []}
    with serving(api, tmp_path) as cluster:
        api.answers[NODES] = {"items": [{"metadata": {"name": node.name}} for node in cluster.nodes]}
        with pytest.raises(AssertionError, match="as the case would"), MetricsServer(Kube(cluster)).stopped():
            raise AssertionError("as the case would")
    scaled = [body["spec"]["replicas"] for body in api.bodies if body]
    assert scaled == [0, 1]
    assert api.asked[-1] == "GET /apis/metrics.k8s.io/v1beta1/nodes", "the wait for metrics is missing"


@pytest.mark.parametrize(("window", "length_s"), [("10s", 10), ("1m2.5s", 62.5), ("19.402s", 19.402), ("500ms", 0.5)])
def test_the_beginning_of_a_window_is_its_end_less_its_length(window, length_s):
    assert window_begin_s({"timestamp": "1970-01-01T01:00:00Z", "window": window}) == pytest.approx(3600 - length_s)


def test_a_wait_for_a_metric_skips_windows_that_are_too_short(tmp_path):
    api = FakeApiServer({})
    path = "GET /apis/metrics.k8s.io/v1beta1/namespaces/one/pods/web"
    windows = iter(["338ms", "7.9s", "12.2s"])

    class Answers(dict):
        def get(self, key, default=None):
            return {"timestamp": "1970-01-01T01:00:00Z", "window": next(windows)} if key == path else default

    api.answers = Answers()
    with serving(api, tmp_path) as cluster:
        MetricsServer(Kube(cluster)).wait_pod_since("one", "web", 3000.0)
    assert next(windows, None) is None
