"""`kubeproof history`: what it prints, and what it does with what it cannot read."""

import pytest

from harness.cli.main import main
from reports.model import results_to_json
from tests.unit.harness.history.test_history import run


def shown(capsys, *argv):
    with pytest.raises(SystemExit) as ending:
        main(["history", *map(str, argv)])
    output = capsys.readouterr()
    return ending.value.code or 0, output.out, output.err


@pytest.fixture
def folder(tmp_path):
    for day in range(1, 21):
        directory = tmp_path / "history" / "deep" / f"run-{day:02}"
        directory.mkdir(parents=True)
        (directory / "results.json").write_text(results_to_json(run(day, 100.0 if day <= 10 else 150.0)))
        if day == 10:
            (directory / "report.html").touch()
    return tmp_path / "history"


def test_a_change_is_printed_and_links_to_what_its_runs_have(capsys, folder):
    page = folder / "history.html"
    code, out, err = shown(capsys, folder, f"--html={page}", f"--json={folder / 'history.json'}")
    assert (code, err) == (0, "")
    assert "worse: first packet with 1,000 Services, p50: 101 to 151 us (+50%)" in out
    assert out.rstrip().endswith("between runs run-10 and run-11")
    assert 'href="./deep/run-10/report.html"' in page.read_text()
    assert 'href="./deep/run-11/results.json"' in page.read_text()
    assert (folder / "history.json").exists()


def test_a_run_that_cannot_be_read_is_left_out_and_named(capsys, folder):
    (folder / "deep" / "run-20" / "results.json").write_text("[]")
    code, out, err = shown(capsys, folder)
    assert code == 2
    assert "in 19 runs" in out
    assert err.startswith(f"kubeproof: left out: {folder / 'deep' / 'run-20' / 'results.json'} is no kubeproof results")
    assert err.count("\n") == 1


def test_an_empty_folder_has_no_runs_and_a_missing_one_is_refused(capsys, tmp_path):
    assert shown(capsys, tmp_path) == (0, "There are no runs.\n", "")
    code, _, err = shown(capsys, tmp_path / "absent")
    assert (code, err.count("\n")) == (2, 1)
    assert "absent is not a directory (name a folder of runs, such as runs/history)" in err
