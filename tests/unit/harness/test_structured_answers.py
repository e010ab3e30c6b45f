"""How cases read answers: by their parts, so that no other answer is taken for the one that is waited for."""

import pytest

from suites.services.test_traffic_policies import ServiceHealth, health_of
from tests.unit.harness.test_traffic import reply

HEALTH = '{"service": {"namespace": "a", "name": "web"}, "localEndpoints": %s, "serviceProxyHealthy": true}'


@pytest.mark.parametrize(("status", "endpoints"), [(200, 1), (200, 12), (503, 0)])
def test_a_health_check_tells_status_service_and_endpoints(status, endpoints):
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
    ids=["refused", "an empty 503", "a number", "of no Service", "of an odd one"],
)
def test_what_tells_no_endpoints_is_no_health_check_though_it_holds_the_number(answer):
    assert health_of(answer) is None
    assert "1" in f"{answer.error}{answer.body}"
