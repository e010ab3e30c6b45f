"""An expected assertion is found in the source, and distinguished from every other failure."""

from pathlib import Path

import pytest

from harness.errors import DeadlinePassed
from tests.planted.trial.expectation import Expectation, NoSuchAssertion
from tests.planted.trial.failure import Failure, FailureKind, Frame

CASE = "suite.py::test_it"
SOURCE = """\
def helper(web):
    assert web.pods, "no pods"
    web.wait_ready()


def test_it(web):
    client = helper(web)
    web.wait_programmed(web.pods)
    web.leave("first")
    web.wait_programmed(web.pods)
    assert client.send(
        web
    ), f"{client.lost} connections lost"
    web.leave("second")
"""
MESSAGE = "0 of 3"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "suite.py").write_text(SOURCE)
    return tmp_path


def failure(kind, *lines, message=MESSAGE):
    return Failure(
        kind, "Error", message, (Frame("/usr/lib/pytest.py", 1), *(Frame("suite.py", line) for line in lines))
    )


def failed(*lines, **fields):
    return failure(FailureKind.ASSERTION, *lines, **fields)


def waited(*lines, **fields):
    return failure(FailureKind.WAIT, *lines, **fields)


@pytest.mark.parametrize("piece", ["connections lost", "assert client.send( web )"])
def test_an_assert_is_found_by_its_condition_and_by_its_message(root, piece):
    statement = Expectation(CASE, piece).statement(root)
    assert (statement.first_line, statement.last_line, statement.is_assert) == (11, 13, True)


def test_a_statement_is_found_by_the_statement_before_it(root):
    statement = Expectation(CASE, 'web.leave("first") web.wait_programmed(web.pods)').statement(root)
    assert (statement.first_line, statement.is_assert, statement.waits) == (10, False, True)


@pytest.mark.parametrize(
    ("place", "piece", "message"),
    [
        (CASE, "connections refused", "0 times"),
        (CASE, "web.wait_programmed(web.pods)", "2 times"),
        (CASE, "no pods", "0 times"),
        (CASE, "def test_it(web):", "does not end in an assertion"),
        ("suite.py::test_that", "connections lost", "0 functions test_that"),
    ],
)
def test_a_piece_that_is_not_there_exactly_once_raises(root, place, piece, message):
    with pytest.raises(NoSuchAssertion, match=message):
        Expectation(CASE, piece, place=place).statement(root)


def test_an_assertion_is_met_only_by_its_own_failure(root):
    expected = Expectation(CASE, "connections lost")
    assert expected.meets(failed(11), root)
    assert not expected.meets(failed(11, 2), root), "an assert of a helper that its line calls"
    assert not expected.meets(waited(11), root), "a wait that its line calls"
    assert not expected.meets(failure(FailureKind.ERROR, 11), root)
    assert not expected.meets(failed(7), root)
    assert not expected.meets(Failure(FailureKind.ASSERTION, "Error", "", (Frame("other.py", 11),)), root)


def test_a_wait_is_met_only_by_its_own_deadline(root):
    expected = Expectation(CASE, 'leave("first") web.wait_programmed(web.pods)')
    assert expected.meets(waited(10, 3), root)
    assert not expected.meets(waited(8, 3), root), "the same wait, earlier"
    assert not expected.meets(failed(10), root)


def test_a_helper_may_assert_for_a_case(root):
    expected = Expectation(CASE, "no pods", place="suite.py::helper")
    assert expected.meets(failed(7, 2), root)
    assert not expected.meets(failed(7), root)


def test_a_message_distinguishes_reasons(root):
    expected = Expectation(CASE, "web.wait_ready()", place="suite.py::helper", message="last seen: 0 ")
    assert expected.meets(waited(7, 3, message="3 pods: not in time; last seen: 0 ready"), root)
    assert not expected.meets(waited(7, 3, message="3 pods: not in time; last seen: 2 ready"), root)


def test_a_failure_is_unchanged_after_a_json_round_trip():
    for error, kind in (
        (DeadlinePassed("pods Ready", "none", 60.0), FailureKind.WAIT),
        (AssertionError("no"), FailureKind.ASSERTION),
        (KeyError("web"), FailureKind.ERROR),
    ):
        found = Failure.of(error, Path("/"))
        assert found.kind is kind
        assert Failure.from_json(found.as_json()) == found


def test_the_text_of_a_failure_shows_the_path_from_the_case_to_the_error():
    found = failed(7, 2, message="no pods\nassert {}")
    assert str(found) == "Error at suite.py:7 > suite.py:2: no pods"
