"""The kubeproof command: what it says and what it ends with."""

from importlib.metadata import entry_points

import pytest

from clusters.doctor import Question, examine
from clusters.errors import EngineUnavailable
from clusters.spec import Mode, Source
from harness.cli import Tools, main
from harness.doctortable import print_report
from tests.fakes.host import FakeHost


def run(capsys, *argv, host=None, clean=lambda progress, kept_too: ()):
    with pytest.raises(SystemExit) as ending:
        main(argv, Tools(host or FakeHost(), clean))
    told = capsys.readouterr()
    return ending.value.code or 0, told.out, told.err


def test_a_fit_host_ends_with_0(capsys):
    code, out, _ = run(capsys, "doctor")
    assert code == 0
    assert [line.split(":")[0].split(maxsplit=1) for line in out.splitlines() if " can run:" in line] == [
        [mode, "can run"] for mode in Mode
    ]


def test_an_unfit_host_ends_with_3_and_names_cause_and_remedy(capsys):
    code, out, _ = run(capsys, "doctor", "--mode", "ipvs", host=FakeHost(without=["docker"]))
    assert code == 3
    assert "unfit    container engine" in out
    assert "cause:  clusters are containers" in out
    assert "remedy: install Docker" in out
    assert "ipvs      cannot run (container engine)" in out


def test_only_the_modes_asked_for_decide(capsys):
    host = FakeHost(kernel="5.10.0", engine={"KernelVersion": "5.10.0"})
    assert run(capsys, "doctor", "--mode", "ipvs", "--mode", "iptables", host=host)[0] == 0
    assert run(capsys, "doctor", "--mode", "nftables", host=host)[0] == 3


def test_doctor_answers_for_another_kubernetes(capsys):
    code, out, _ = run(capsys, "doctor", "--mode", "ipvs", "--kubernetes", "1.43.0")
    assert code == 3
    assert "removed in 1.43" in out


def test_what_is_no_mode_is_a_usage_error(capsys):
    code, _, err = run(capsys, "doctor", "--mode", "userspace")
    assert code == 2
    assert "nftables" in err


def test_our_errors_are_one_line_with_remedy_and_exit_code(capsys):
    code, _, err = run(capsys, "doctor", "--kubernetes", "newest")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("kubeproof: 'newest' is no Kubernetes version (for example")


def test_clean_tells_what_it_removed(capsys):
    asked = []

    def clean(progress, kept_too):
        asked.append(kept_too)
        return ("kubeproof-ipvs-0123ab",)

    code, out, _ = run(capsys, "clean", "--kept", clean=clean)
    assert (code, out, asked) == (0, "removed: kubeproof-ipvs-0123ab\n", [True])


def test_clean_with_nothing_to_do_says_so(capsys):
    assert run(capsys, "clean")[:2] == (0, "nothing was left behind\n")


def test_clean_without_an_engine_is_the_worlds_fault(capsys):
    def clean(progress, kept_too):
        raise EngineUnavailable("no container engine answers", remedy="start Docker")

    assert run(capsys, "clean", clean=clean) == (3, "", "kubeproof: no container engine answers (start Docker)\n")


@pytest.mark.parametrize("columns", [20, 80, 300])
def test_the_table_keeps_to_the_terminal(columns):
    lines = []
    print_report(examine(Question(source=Source.BUILT), FakeHost(without=["go"])), lines.append, columns)
    assert max(map(len, lines)) <= max(min(columns, 140), 80)
    assert not any(line.endswith(" ") for line in lines)


def test_the_installed_command_is_the_one_that_brings_its_tools():
    (command,) = entry_points(group="console_scripts", name="kubeproof")
    assert command.load() is main


def test_load_is_explored_on_the_cluster_that_was_named(capsys):
    asked = []
    tools = Tools(FakeHost(), lambda progress, kept_too: (), lambda *explored: asked.append(explored))
    with pytest.raises(SystemExit) as ending:
        main(("load", "--mode", "nftables", "--workers", "2"), tools)
    assert not ending.value.code
    ((request, workers, port, _),) = asked
    assert (request.mode, request.reuse, workers, port) == (Mode.NFTABLES, True, 2, 8089)


def test_load_without_a_cluster_is_refused(capsys):
    code, _, err = run(capsys, "load")
    assert code == 2
    assert "no cluster was named" in err
