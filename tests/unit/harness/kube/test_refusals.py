"""Parsers of health checks and refusals, which must not mistake another answer for the expected one."""

import json

import pytest
from kubernetes.client.exceptions import ApiException

from harness.kube.refusals import refused_fields, rejected_nodes
from suites.endpoints.test_traffic_policies import ServiceHealth, health_of
from tests.unit.harness.traffic.test_steady import reply

HEALTH = '{"service": {"namespace": "a", "name": "web"}, "localEndpoints": %s, "serviceProxyHealthy": true}'


@pytest.mark.parametrize(("status", "endpoints"), [(200, 1), (200, 12), (503, 0)])
def test_a_health_check_is_parsed_into_status_service_and_endpoints(status, endpoints):
    answer = reply(ok=status == 200, status=status, body=HEALTH % endpoints)
    assert health_of(answer) == ServiceHealth(status, "a/web", endpoints)


@pytest.mark.parametrize(
    "answer",
    [
        reply(ok=False, error="ConnectionRefusedError: [Errno 111] Connection refused", errno=111),
        reply(ok=False, error="OSError: answered b'HTTP/1.0 503 Service Unavailable'", status=503),
        reply(status=200, body="1"),
        reply(status=200, body='{"localEndpoints": 1}'),
        reply(status=200, body='{"service": 1, "localEndpoints": 1}'),
    ],
    ids=["refused", "an empty 503", "a number", "without a Service", "with an invalid Service"],
)
def test_an_answer_without_endpoints_is_not_a_health_check_even_if_it_contains_the_number(answer):
    assert health_of(answer) is None
    assert "1" in f"{answer.error}{answer.body}"


def refusal(**status):
    refused = ApiException(status=status.get("code"))
    refused.body = json.dumps(status)
    return refused


def test_refused_fields_are_read_from_the_status():
    cause = {"reason": "FieldValueNotSupported", "field": "spec.template.spec.restartPolicy", "message": "no"}
    invalid = refusal(code=422, message="spec.replicas is fine", details={"causes": [cause]})
    assert refused_fields(invalid) == {"spec.template.spec.restartPolicy"}
    strict = 'DaemonSet in version "v1" cannot be handled as a DaemonSet: strict decoding error: unknown field "spec.replicas"'
    assert refused_fields(refusal(code=400, message=strict)) == {"spec.replicas"}


@pytest.mark.parametrize("body", [None, "spec.replicas", json.dumps({"message": "spec.replicas: not now"})])
def test_a_refusal_for_another_reason_names_no_field(body):
    refused = ApiException(status=400)
    refused.body = body
    assert refused_fields(refused) == frozenset()


def unscheduled(message):
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"status": {"conditions": [condition]}}


def test_the_scheduler_reasons_are_returned_with_their_numbers_of_nodes():
    pod = unscheduled(
        "0/4 nodes are available: 1 Insufficient kubeproof.io/seat, 1 node(s) had untolerated taint "
        "{node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node affinity/selector. no new claims "
        "to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
    )
    assert rejected_nodes(pod) == {
        "Insufficient kubeproof.io/seat": 1,
        "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }": 1,
        "node(s) didn't match Pod's node affinity/selector": 2,
    }


def test_a_message_in_another_format_yields_no_reasons():
    assert (
        rejected_nodes(unscheduled("0/3 nodes are available: the selector of claim x is invalid. nothing to preempt."))
        == {}
    )
    assert rejected_nodes({"status": {}}) == {}
