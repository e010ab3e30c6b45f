"""`kubeproof report`: a run's page made anew, and its charts as pictures."""

import pytest

from harness.cli.main import main
from reports.model import results_to_json
from tests.unit.reports.sample import RESULTS


def reported(capsys, *argv):
    with pytest.raises(SystemExit) as ending:
        main(["report", *map(str, argv)])
    output = capsys.readouterr()
    return ending.value.code or 0, output.out, output.err


@pytest.fixture
def stored(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "results.json").write_text(results_to_json(RESULTS))
    return tmp_path / "run"


def test_the_page_is_written_beside_the_results(capsys, stored):
    assert reported(capsys, stored) == (0, f"report: {stored / 'report.html'}\n", "")
    assert "All 2 cases passed" in (stored / "report.html").read_text()


def test_each_chart_becomes_a_png_and_an_svg(capsys, stored, tmp_path):
    code, out, _ = reported(capsys, stored, f"--html={tmp_path / 'page.html'}", f"--png={tmp_path / 'pictures'}")
    assert code == 0
    picture, drawing = (
        tmp_path / "pictures" / "first-packet-chart.png",
        tmp_path / "pictures" / "first-packet-chart.svg",
    )
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "Services in the cluster" in drawing.read_text()
    assert f"picture: {picture}\n" in out
    assert not (stored / "report.html").exists()


def test_a_directory_without_results_is_refused(capsys, tmp_path):
    code, out, err = reported(capsys, tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"kubeproof: {tmp_path} holds no results.json")
