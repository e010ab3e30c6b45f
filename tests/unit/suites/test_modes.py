from harness.suite import Mode
from suites.modes import SERVICES_IN


def test_every_mode_has_its_documented_behaviour():
    assert set(SERVICES_IN) == set(Mode)
