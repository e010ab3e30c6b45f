"""Tests of the manifests that cases have in common."""

import pytest

from clusters.cluster import CaseImages
from clusters.host.patience import Patience
from harness.kube.objects.workloads import backends

IMAGES = CaseImages(*(f"reg/{name}:1" for name in CaseImages.__dataclass_fields__))


def readiness(**settings):
    (container,) = backends(IMAGES, "web", 3, **settings)["spec"]["template"]["spec"]["containers"]
    return container["readinessProbe"]


@pytest.mark.parametrize(("factor", "period_s"), [(1, 1), (1.5, 2), (8, 8)])
def test_an_exec_probe_runs_less_often_on_a_slow_host(factor, period_s):
    probe = readiness(switchable=True, patience=Patience(factor))
    assert (probe["periodSeconds"], probe["timeoutSeconds"]) == (period_s, period_s)
    assert probe["failureThreshold"] == 1


def test_an_http_probe_is_the_same_on_a_slow_host():
    assert readiness(patience=Patience(8)) == readiness(patience=Patience())
