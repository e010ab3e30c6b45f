"""The flake rate of runs with known outcomes."""

import pytest

from harness.run.flakes import flakes, repeated_case
from reports.model import CaseResult, Outcome


def cases(name, *outcomes):
    count = len(outcomes)
    return [
        CaseResult(f"suites/a/test_a.py::{name}[{number}-{count}]", "a", outcome, "", 1.0)
        for number, outcome in enumerate(outcomes, 1)
    ]


PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED


def test_a_case_that_fails_in_some_repetitions_is_flaky():
    found = flakes([*cases("test_flaky", PASSED, FAILED, PASSED, PASSED), *cases("test_good", *[PASSED] * 4)])
    (flaky,) = found.flaky
    assert flaky.case == "suites/a/test_a.py::test_flaky"
    assert (flaky.rate.failures, flaky.rate.repetitions) == (1, 4)
    assert (found.cases, found.rate.failures, found.rate.repetitions) == (2, 1, 8)
    assert (found.rate.low, found.rate.high) == pytest.approx((0.003, 0.527), abs=0.001)


def test_no_failure_in_few_repetitions_gives_a_wide_interval():
    found = flakes(cases("test_good", *[PASSED] * 5))
    assert (found.flaky, found.rate.failures, found.rate.repetitions) == ((), 0, 5)
    assert (found.rate.low, found.rate.high) == pytest.approx((0.0, 0.522), abs=0.001)


def test_a_case_that_always_fails_is_broken_and_a_skipped_case_is_ignored():
    found = flakes([*cases("test_broken", FAILED, FAILED), *cases("test_skipped", SKIPPED, SKIPPED)])
    assert found.broken == ("suites/a/test_a.py::test_broken",)
    assert found.cases == found.rate.failures == found.rate.repetitions == 0


def test_an_environment_error_in_some_repetitions_is_flaky():
    assert flakes(cases("test_world", PASSED, Outcome.ENVIRONMENT_ERROR)).rate.failures == 1


def test_repetitions_of_a_case_share_its_id_and_parameters():
    assert repeated_case("a.py::test_one[2-5]") == "a.py::test_one"
    assert repeated_case("a.py::test_one[ipv4-2-5]") == "a.py::test_one[ipv4]"
    assert repeated_case("a.py::test_one") == "a.py::test_one"
