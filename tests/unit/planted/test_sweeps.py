"""A fault on trial in a sweep: the spoilt step's reason decides, and the other steps stay in the conclusions."""

from dataclasses import replace

import pytest

from harness.dataplane.reader import RuleCount
from harness.performance.sweep.step import Step
from tests.planted.detection import Detection
from tests.planted.sweeps import REASONS, SweepTrial
from tests.unit.reports.sample import measured

GOOD = Step(10, (measured(10),), {}, RuleCount(0, {}), 1.0)
LOST = "1 of the generator's workers were lost"


def trial(*steps):
    return SweepTrial("a worker is lost", f"{LOST}$", steps, 1)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.piece)
def test_the_source_has_every_reason_that_is_expected(reason):
    assert reason.statement


@pytest.mark.parametrize(
    ("reason", "detection", "word"),
    [
        (LOST, Detection.CAUGHT, "Caught"),
        ("the kernels have not followed: late", Detection.BY_ACCIDENT, "Noticed by accident"),
        (f"{LOST} twice", Detection.BY_ACCIDENT, "Noticed by accident"),
        ("", Detection.MISSED, "Not noticed"),
    ],
)
def test_only_the_expected_reason_catches(reason, detection, word):
    found = trial(GOOD, GOOD.invalidated(reason), GOOD)
    assert found.detection is detection
    assert found.caught == (detection is Detection.CAUGHT)
    assert found.finding.statement == f"{word}: a worker is lost."
    assert found.finding.numbers["caught"] == int(found.caught)
    assert found.finding.numbers["by_accident"] == int(detection is Detection.BY_ACCIDENT)
    assert reason in found.complaint


@pytest.mark.parametrize(
    "other", [GOOD.invalidated(LOST), replace(GOOD, measurements=())], ids=["spoilt, too", "no numbers"]
)
def test_a_fault_that_spoils_another_step_is_too_wide(other):
    found = trial(GOOD, GOOD.invalidated(LOST), other)
    assert not found.caught
    assert found.finding.statement == "Too wide: a worker is lost."
    assert "step 2" in found.complaint


def test_numbers_of_the_spoilt_step_must_be_in_no_conclusion():
    assert not trial(GOOD, replace(GOOD, invalid_reason=LOST), GOOD).caught
