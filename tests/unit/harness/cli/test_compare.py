"""`kubeproof compare`: what it prints, which files it writes, and how it ends."""

import json
from dataclasses import replace

import pytest

from harness.cli.main import main
from reports.model import results_to_json
from tests.unit.harness.performance.comparison.sample import IPTABLES, NFTABLES, run


def compared(capsys, *argv):
    with pytest.raises(SystemExit) as ending:
        main(["compare", *map(str, argv)])
    output = capsys.readouterr()
    return ending.value.code or 0, output.out, output.err


@pytest.fixture
def stored(tmp_path):
    """Return the directories of a run in iptables mode and of one in nftables mode."""
    return [written(tmp_path / results.run.mode, results) for results in (IPTABLES, NFTABLES)]


def written(directory, results):
    directory.mkdir()
    (directory / "results.json").write_text(results_to_json(results))
    return directory


def test_the_answer_is_the_first_line(capsys, stored):
    code, out, err = compared(capsys, *stored)
    assert (code, err) == (0, "")
    assert out.startswith(
        "On substrate host, nftables mode is the fastest: with 10,000 Services a first packet takes 380"
    )


def test_files_are_written_on_request(capsys, stored, tmp_path):
    names = ("answer.html", "answer.md", "answer.json")
    options = [f"--{kind}={tmp_path / name}" for kind, name in zip(("html", "markdown", "json"), names, strict=True)]
    assert compared(capsys, *stored, *options)[0] == 0
    page, text, figures = ((tmp_path / name).read_text() for name in names)
    assert "<h1>On substrate host, nftables mode is the fastest" in page
    assert text.startswith("**On substrate host, nftables mode is the fastest")
    assert json.loads(figures)["schema"] == "kubeproof.comparison/1"


@pytest.mark.parametrize(("candidate", "code"), [("nftables", 0), ("iptables", 1)])
def test_a_candidate_that_is_worse_fails(capsys, stored, candidate, code):
    ended, _, err = compared(capsys, *stored, "--fail-on=worse", f"--candidate={candidate}")
    assert ended == code
    assert ("worse on substrate host, iptables mode: a first packet takes" in err) is bool(code)
    assert compared(capsys, *stored, f"--candidate={candidate}")[0] == 0


def test_a_run_that_cannot_be_read_is_named_and_the_others_are_compared(capsys, stored, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "results.json").write_text('{"schema": "kubeproof.results/2"')
    page = tmp_path / "page.html"
    code, out, err = compared(capsys, stored[0], broken, stored[1], f"--html={page}")
    assert code == 2
    assert out.startswith("On substrate host, nftables mode is the fastest")
    assert err.startswith(f"kubeproof: not compared: {broken / 'results.json'} is no JSON, or only a part of it")
    assert err.count("\n") == 1
    assert not page.exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "is a directory (name a file)"), ("absent/page.html", "does not exist (create it first)")],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(capsys, tmp_path, name, message):
    code, out, err = compared(capsys, "absent-a", "absent-b", f"--html={tmp_path / name}")
    assert (code, out) == (2, "")
    assert err.startswith(f"kubeproof: --html {tmp_path / name}")
    assert err.endswith(f"{message}\n")


def test_programming_counts_only_if_every_run_took_longer(capsys, tmp_path):
    from tests.unit.harness.performance.comparison.test_programming_cost import IPVS as SLOW
    from tests.unit.harness.performance.comparison.test_programming_cost import NFTABLES as QUICK

    slow = written(tmp_path / "slow", replace(run("ipvs", 0), findings=SLOW.findings))
    quick = written(tmp_path / "quick", replace(run("nftables", 0), findings=QUICK.findings))
    assert compared(capsys, slow, quick, "--fail-on=worse", "--candidate=nftables")[0] == 0
    code, _, err = compared(capsys, slow, quick, "--fail-on=worse", "--candidate=ipvs")
    assert (code, err) == (1, "worse on substrate host, ipvs mode: programming takes longer than in nftables mode\n")
