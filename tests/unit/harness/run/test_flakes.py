"""The flake rate, for runs whose outcome is known."""

from harness.run.flakes import flakes, repeated_case
from reports.model import CaseResult, Outcome


def cases(name, *outcomes):
    count = len(outcomes)
    return [
        CaseResult(f"suites/a/test_a.py::{name}[{number}-{count}]", "a", outcome, "", 1.0)
        for number, outcome in enumerate(outcomes, 1)
    ]


PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED


def test_a_case_that_fails_now_and_then_is_a_flake():
    found = flakes([*cases("test_flaky", PASSED, FAILED, PASSED, PASSED), *cases("test_good", *[PASSED] * 4)])
    assert found.numbers["flaky"] == ["suites/a/test_a.py::test_flaky"]
    assert (found.numbers["failures"], found.numbers["repetitions"]) == (1, 8)
    assert "1 of 2 cases are flaky: 1 of 8 (95% interval 0.3% to 52.7%)" in found.statement
    assert "test_flaky 1 of 4" in found.statement


def test_no_failure_in_few_repetitions_says_little():
    found = flakes(cases("test_good", *[PASSED] * 5))
    assert "0 of 1 cases are flaky: 0 of 5 (95% interval 0.0% to 52.2%)" in found.statement


def test_what_always_fails_is_broken_and_what_was_skipped_is_nothing():
    found = flakes([*cases("test_broken", FAILED, FAILED), *cases("test_skipped", SKIPPED, SKIPPED)])
    assert found.numbers["broken"] == ["suites/a/test_a.py::test_broken"]
    assert found.numbers["cases"] == found.numbers["failures"] == 0


def test_a_world_that_fails_now_and_then_is_a_flake_too():
    assert flakes(cases("test_world", PASSED, Outcome.ENVIRONMENT_ERROR)).numbers["failures"] == 1


def test_repetitions_share_an_id_with_their_parameters():
    assert repeated_case("a.py::test_one[2-5]") == "a.py::test_one"
    assert repeated_case("a.py::test_one[ipv4-2-5]") == "a.py::test_one[ipv4]"
    assert repeated_case("a.py::test_one") == "a.py::test_one"
