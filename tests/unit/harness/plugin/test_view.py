"""A person sees what a run is doing: a line in place at a terminal, lines that stay elsewhere."""

import io
import threading
from dataclasses import replace

import pytest

from harness.plugin.listener import usual_durations_s
from harness.plugin.view import LiveView, PlainView, choose_view
from reports.model import RESULTS_FILE, CaseResult, Outcome, RunResults, results_to_json
from tests.unit.reports.sample import RUN, case

FAILED = CaseResult("suites/a/test_a.py::test_x", "a", Outcome.FAILED, "expected 3\nsaw 2", 1.0)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_the_live_view_except_in_ci_and_with_v(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    assert isinstance(choose_view(Terminal(), str, verbose=False), LiveView)
    assert isinstance(choose_view(Terminal(), str, verbose=True), PlainView)
    assert isinstance(choose_view(io.StringIO(), str, verbose=False), PlainView)
    monkeypatch.setenv("CI", "true")
    assert isinstance(choose_view(Terminal(), str, verbose=False), PlainView)


def test_the_live_view_shows_the_line_and_a_failure_as_it_happens():
    output = Terminal()
    view = LiveView(output, lambda: "3 of 9 cases done")
    view.start()
    view.failed(FAILED)
    view.stop()
    assert "3 of 9 cases done" in output.getvalue()
    assert "FAILED suites/a/test_a.py::test_x: expected 3" in output.getvalue()


def test_the_plain_view_writes_the_line_again_and_again():
    output, written = io.StringIO(), threading.Event()

    def line():
        written.set()
        return "3 of 9 cases done"

    view = PlainView(output, line, every_s=0.01)
    view.start()
    assert written.wait(10.0)
    view.stop()
    assert output.getvalue().startswith("\n3 of 9 cases done\n")


@pytest.mark.parametrize("view", [LiveView(Terminal(), str), PlainView(io.StringIO(), str)])
def test_a_view_that_was_never_started_can_be_stopped(view):
    view.stop()
    view.stop()


def test_usual_durations_are_those_of_cases_that_passed_in_the_newest_readable_run_of_the_mode(tmp_path):
    def write(name, text):
        (tmp_path / name).mkdir()
        (tmp_path / name / RESULTS_FILE).write_text(text)

    def results(duration_s):
        passed = replace(case("a"), duration_s=duration_s)
        return results_to_json(RunResults(run=RUN, cases=(passed, case("b", Outcome.FAILED))))

    write("20260101T000000Z-ipvs", results(1.0))
    write("20260102T000000Z-ipvs", results(2.0))
    write("20260103T000000Z-ipvs", "{")
    write("20260104T000000Z-nftables", results(4.0))
    assert usual_durations_s(tmp_path, "ipvs") == {case("a").id: 2.0}
    assert usual_durations_s(tmp_path, "iptables") == {}
