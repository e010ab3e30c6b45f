"""The run's log file."""

from harness.run.log import RunLog


def test_each_step_is_shown_and_written(tmp_path):
    shown = []
    log = RunLog(tmp_path / "run.log", shown.append)
    log.step("removing the cluster")
    log.note("it is gone")
    assert (tmp_path / "run.log").read_text().splitlines() == shown
    assert [line.partition("s] ")[2] for line in shown] == ["• removing the cluster", "  it is gone"]


def test_a_log_that_cannot_be_written_does_not_prevent_the_step(tmp_path):
    shown = []
    log = RunLog(tmp_path / "missing" / "run.log", shown.append)
    log.step("removing the cluster")
    log.error_details(OSError("no space left on device"))
    assert len(shown) == 1
