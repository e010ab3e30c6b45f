"""The kubeproof command: what it says and what it ends with."""

from dataclasses import replace
from importlib.metadata import entry_points, version

import pytest

from clusters.doctor import Question, examine
from clusters.errors import EngineUnavailable
from clusters.spec import Mode, Source
from harness.cli.doctor_report import print_report
from harness.cli.main import main
from harness.cli.tools import Tools
from reports.model import results_to_json
from tests.fakes.host import FakeHost
from tests.unit.reports.sample import RESULTS


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
    assert err.startswith("kubeproof: --kubernetes=newest is not allowed (it takes a Kubernetes version, such as")


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


def refused(capsys, *argv):
    """The one line with which a command ends before it has done anything."""

    def did_something(*_, **__):
        raise AssertionError("it did not end before the first step")

    with pytest.raises(SystemExit) as ending:
        main(argv, Tools(None, did_something, did_something))
    told = capsys.readouterr()
    assert (ending.value.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert "Traceback" not in told.err
    return told.err.removeprefix("kubeproof: ").rstrip()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--port", "99999"), "--port=99999 is not allowed (it takes a whole number from 1 to 65535)"),
        (("--port", "0"), "--port=0 is not allowed (it takes a whole number from 1 to 65535)"),
        (("--port", "http"), "--port=http is not allowed (it takes a whole number from 1 to 65535)"),
        (("--workers", "-3"), "--workers=-3 is not allowed (it takes a whole number from 1 to 100)"),
        (("--workers", "0"), "--workers=0 is not allowed (it takes a whole number from 1 to 100)"),
        (("--workers", "1.5"), "--workers=1.5 is not allowed (it takes a whole number from 1 to 100)"),
        (("--workers", "9" * 5000), "--workers='999999999999...9999999999999' is not allowed"),
        (("--workers", "\x1b[2J"), "--workers='\\x1b[2J' is not allowed"),
        (("--port", "\udcff"), "--port='\\udcff' is not allowed"),
        (("--mode", "ebpf"), "'ebpf' is not one of 'iptables', 'ipvs', 'nftables'"),
        (
            ("--kubeconfig", "/nowhere", "--context", "c"),
            "a mode creates a cluster and --kubeconfig names an existing one",
        ),
    ],
)
def test_load_refuses_what_is_not_allowed_before_it_makes_anything(capsys, argv, said):
    assert said in refused(capsys, "load", "--mode", "ipvs", *argv)


def test_load_refuses_an_existing_cluster_that_is_not_there(capsys, tmp_path):
    for argv in (("--kubeconfig", str(tmp_path)), ("--context", "c")):
        assert "named by both --kubeconfig and --context" in refused(capsys, "load", *argv)
    named = ("--kubeconfig", str(tmp_path / "none"), "--context", "c")
    assert "there is no kubeconfig" in refused(capsys, "load", *named)


@pytest.mark.parametrize("share", ["-0.5", "0", "5", "nan", "inf", "1.0001", "half", "", "1e-400"])
def test_a_share_that_is_none_is_refused(capsys, share):
    shown = share or "''"
    assert refused(capsys, "compare", "a", "b", "--new-share", share) == (
        f"--new-share={shown} is not allowed (it takes a share above 0 and up to 1, such as 0.1)"
    )


@pytest.mark.parametrize("version", ["newest", "", "1", "1.x", "1.37.", "1.37.2; rm", "1.37\x1b", "1." + "3" * 500])
def test_doctor_refuses_what_is_no_version(capsys, version):
    assert "is not allowed (it takes a Kubernetes version, such as 1.37.2)" in refused(
        capsys, "doctor", "--kubernetes", version
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("clean", "all"), "unexpected extra argument"),
        (("doctor", "--nope"), "No such option: --nope"),
        (("load", "--mode"), "requires an argument"),
        (("compare",), "Missing argument 'runs'"),
        (("compare", "a"), "two runs are compared, and 1 were named"),
        (("compare", "a", "b"), "a holds no results.json"),
        (("compare", "a\x1b[31m", "b"), "a\\x1b[31m holds no results.json"),
    ],
)
def test_what_cannot_be_understood_is_one_line(capsys, argv, said):
    assert said in refused(capsys, *argv)


def write(directory, results):
    directory.mkdir()
    (directory / "results.json").write_text(results_to_json(results))
    return str(directory)


def test_compare_shows_no_control_characters_of_a_file(capsys, tmp_path):
    hostile = replace(RESULTS, run=replace(RESULTS.run, mode="\x1b[31mebpf\ud800\u202e\n"))
    named = (write(tmp_path / "a", hostile), write(tmp_path / "b", RESULTS))
    assert r"run 20261124T000000Z-iptables holds no whole sweep" in refused(capsys, "compare", *named)
    other = write(tmp_path / "c", replace(hostile, run=replace(hostile.run, kernel="\x1b]0;owned\x07")))
    assert r"the runs differ in kernel: \x1b]0;owned\x07 and 6.18" in refused(capsys, "compare", other, named[1])


def test_the_version_is_told(capsys):
    assert run(capsys, "--version") == (0, f"kubeproof {version('kubeproof')}\n", "")


@pytest.mark.parametrize(("argv", "command"), [((), "compare"), (("images",), "push")])
def test_without_a_command_there_is_help_and_no_complaint(capsys, argv, command):
    code, out, err = run(capsys, *argv)
    assert (code, err) == (2, "")
    assert command in out
