"""Manifests that cases have in common."""

import pytest

from clusters.cluster import CaseImages
from clusters.patience import Patience
from harness.kube.objects.workloads import backends

IMAGES = CaseImages(*(f"reg/{name}:1" for name in CaseImages.__dataclass_fields__))


def readiness(**settings):
    (container,) = backends(IMAGES, "web", 3, **settings)["spec"]["template"]["spec"]["containers"]
    return container["readinessProbe"]


@pytest.mark.parametrize(("factor", "period_s"), [(1, 1), (1.5, 2), (8, 8)])
def test_a_slow_host_has_to_start_the_program_of_a_probe_as_much_less_often(factor, period_s):
    probe = readiness(switchable=True, patience=Patience(factor))
    assert (probe["periodSeconds"], probe["timeoutSeconds"]) == (period_s, period_s)
    assert probe["failureThreshold"] == 1


def test_a_probe_that_starts_no_program_is_the_same_everywhere():
    assert readiness(patience=Patience(8)) == readiness(patience=Patience())
