"""The trial of a fault in a sweep: the faulty step's invalid reason decides, and the other steps must stay valid."""

from dataclasses import replace

import pytest

from tests.fakes.cluster.sweep import step_of
from tests.planted.trial.detection import Detection
from tests.planted.trial.sweeps import REASONS, SweepTrial
from tests.unit.reports.sample import measured

VALID = step_of(10, measurements=(measured(10),))
LOST = "the generator lost 1 of its workers"


def trial(*steps):
    return SweepTrial("a worker is lost", f"{LOST}$", steps, 1)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.piece)
def test_the_source_has_every_reason_that_is_expected(reason):
    assert reason.statement


@pytest.mark.parametrize(
    ("reason", "detection"),
    [
        (LOST, Detection.CAUGHT),
        ("the kernels were not programmed in time: late", Detection.BY_ACCIDENT),
        (f"{LOST} twice", Detection.BY_ACCIDENT),
        ("", Detection.MISSED),
    ],
)
def test_only_the_expected_reason_counts_as_caught(reason, detection):
    found = trial(VALID, VALID.invalidated(reason), VALID)
    assert found.detection is detection
    assert found.caught == (detection is Detection.CAUGHT)
    assert (found.finding.fault, found.finding.detection) == ("a worker is lost", detection)
    assert reason in found.failure_message


def test_a_further_reason_does_not_hide_the_expected_one():
    for bad in (VALID.invalidated(LOST).invalidated("late"), VALID.invalidated("late").invalidated(LOST)):
        assert trial(VALID, bad, VALID).caught


@pytest.mark.parametrize(
    "other", [VALID.invalidated(LOST), replace(VALID, measurements=())], ids=["also invalid", "no measurements"]
)
def test_a_fault_that_affects_another_step_is_too_wide(other):
    found = trial(VALID, VALID.invalidated(LOST), other)
    assert not found.caught
    assert found.finding.detection is Detection.TOO_WIDE
    assert "step 2" in found.failure_message


def test_measurements_of_the_faulty_step_must_not_be_used_in_conclusions():
    assert not trial(VALID, replace(VALID, invalid_reasons=(LOST,)), VALID).caught
