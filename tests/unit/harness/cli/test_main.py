"""The kubeproof command: its output and its exit codes."""

import os
import subprocess
import sys
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
from tests.fakes.host.host import FakeHost
from tests.unit.reports.sample import RESULTS


def run(capsys, *argv, host=None, clean=lambda progress, kept_too: ()):
    with pytest.raises(SystemExit) as ending:
        main(argv, Tools(host or FakeHost(), clean))
    output = capsys.readouterr()
    return ending.value.code or 0, output.out, output.err


def test_doctor_exits_with_0_on_a_fit_host(capsys):
    code, out, _ = run(capsys, "doctor")
    assert code == 0
    assert [line.split(":")[0].split(maxsplit=1) for line in out.splitlines() if " can run:" in line] == [
        [mode, "can run"] for mode in Mode
    ]


def test_doctor_exits_with_3_on_an_unfit_host_and_names_cause_and_remedy(capsys):
    code, out, _ = run(capsys, "doctor", "--mode", "ipvs", host=FakeHost(without=["docker"]))
    assert code == 3
    assert "unfit    container engine" in out
    assert "cause:  cluster nodes are containers" in out
    assert "remedy: install Docker" in out
    assert "ipvs      cannot run (container engine)" in out


def test_only_the_requested_modes_decide_the_exit_code(capsys):
    host = FakeHost(kernel="5.10.0", engine={"KernelVersion": "5.10.0"})
    assert run(capsys, "doctor", "--mode", "ipvs", "--mode", "iptables", host=host)[0] == 0
    assert run(capsys, "doctor", "--mode", "nftables", host=host)[0] == 3


def test_doctor_checks_another_kubernetes_version(capsys):
    code, out, _ = run(capsys, "doctor", "--mode", "ipvs", "--kubernetes", "1.43.0")
    assert code == 3
    assert "removed in 1.43" in out


def test_an_unknown_mode_is_a_usage_error(capsys):
    code, _, err = run(capsys, "doctor", "--mode", "userspace")
    assert code == 2
    assert "nftables" in err


def test_kubeproof_errors_are_one_line_with_remedy_and_exit_code(capsys):
    code, _, err = run(capsys, "doctor", "--kubernetes", "newest")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("kubeproof: --kubernetes=newest is not allowed (it takes a Kubernetes version, such as")


def test_clean_lists_what_it_removed(capsys):
    calls = []

    def clean(progress, kept_too):
        calls.append(kept_too)
        return ("kubeproof-ipvs-0123ab",)

    code, out, _ = run(capsys, "clean", "--kept", clean=clean)
    assert (code, out, calls) == (0, "removed: kubeproof-ipvs-0123ab\n", [True])


def test_clean_reports_that_nothing_was_left_behind(capsys):
    assert run(capsys, "clean")[:2] == (0, "nothing was left behind\n")


def test_clean_without_a_container_engine_is_an_environment_error(capsys):
    def clean(progress, kept_too):
        raise EngineUnavailable("no container engine answers", remedy="start Docker")

    assert run(capsys, "clean", clean=clean) == (3, "", "kubeproof: no container engine answers (start Docker)\n")


@pytest.mark.parametrize("columns", [20, 80, 300])
def test_the_table_fits_the_terminal(columns):
    lines = []
    print_report(examine(Question(source=Source.BUILT), FakeHost(without=["go"])), lines.append, columns)
    assert max(map(len, lines)) <= max(min(columns, 140), 80)
    assert not any(line.endswith(" ") for line in lines)


def test_the_installed_command_is_the_default_main():
    (command,) = entry_points(group="console_scripts", name="kubeproof")
    assert command.load() is main


def test_load_explores_the_named_cluster(capsys):
    calls = []
    tools = Tools(FakeHost(), lambda progress, kept_too: (), lambda *args: calls.append(args))
    with pytest.raises(SystemExit) as ending:
        main(("load", "--mode", "nftables", "--workers", "2"), tools)
    assert not ending.value.code
    ((request, workers, port, _),) = calls
    assert (request.mode, request.reuse, workers, port) == (Mode.NFTABLES, True, 2, 8089)


def test_load_without_a_cluster_is_refused(capsys):
    code, _, err = run(capsys, "load")
    assert code == 2
    assert "no cluster was named" in err


def refused(capsys, *argv):
    """Return the one-line error of a command that must end before it does anything."""

    def unexpected_call(*_, **__):
        raise AssertionError("the command did not end before its first step")

    with pytest.raises(SystemExit) as ending:
        main(argv, Tools(None, unexpected_call, unexpected_call))
    output = capsys.readouterr()
    assert (ending.value.code, output.out, output.err.count("\n")) == (2, "", 1)
    assert "Traceback" not in output.err
    return output.err.removeprefix("kubeproof: ").rstrip()


@pytest.mark.parametrize(
    ("argv", "message"),
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
        (("--mode", "ebpf"), "'ebpf' is not one of 'iptables'"),
        (
            ("--kubeconfig", "/nowhere", "--context", "c"),
            "a mode creates a cluster and --kubeconfig names an existing one",
        ),
    ],
)
def test_load_refuses_invalid_options_before_it_creates_anything(capsys, argv, message):
    assert message in refused(capsys, "load", "--mode", "ipvs", *argv)


def test_load_refuses_an_incomplete_or_missing_kubeconfig(capsys, tmp_path):
    for argv in (("--kubeconfig", str(tmp_path)), ("--context", "c")):
        assert "named by both --kubeconfig and --context" in refused(capsys, "load", *argv)
    named = ("--kubeconfig", str(tmp_path / "none"), "--context", "c")
    assert "there is no kubeconfig" in refused(capsys, "load", *named)


@pytest.mark.parametrize("share", ["-0.5", "0", "5", "nan", "inf", "1.0001", "half", "", "1e-400"])
def test_an_invalid_share_is_refused(capsys, share):
    shown = share or "''"
    assert refused(capsys, "compare", "a", "b", "--new-share", share) == (
        f"--new-share={shown} is not allowed (it takes a share above 0 and up to 1, such as 0.1)"
    )


@pytest.mark.parametrize("version", ["newest", "", "1", "1.x", "1.37.", "1.37.2; rm", "1.37\x1b", "1." + "3" * 500])
def test_doctor_refuses_an_invalid_version(capsys, version):
    assert "is not allowed (it takes a Kubernetes version, such as 1.37.2)" in refused(
        capsys, "doctor", "--kubernetes", version
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("clean", "all"), "unexpected extra argument"),
        (("doctor", "--nope"), "No such option: --nope"),
        (("load", "--mode"), "requires an argument"),
        (("compare",), "Missing argument 'runs'"),
        (("compare", "a"), "two or more runs are compared, and one was named"),
        (("compare", "a", "b"), "a holds no results.json"),
        (("compare", "a\x1b[31m", "b"), "a\\x1b[31m holds no results.json"),
    ],
)
def test_a_usage_error_is_reported_in_one_line(capsys, argv, message):
    assert message in refused(capsys, *argv)


def write(directory, results):
    directory.mkdir()
    (directory / "results.json").write_text(results_to_json(results))
    return str(directory)


def test_compare_shows_no_control_characters_of_a_file(capsys, tmp_path):
    swept = replace(RESULTS, claims=())
    hostile = replace(swept, run=replace(RESULTS.run, id="another", mode="\x1b[31mebpf\u202e"))
    named = (write(tmp_path / "a", hostile), write(tmp_path / "b", swept))
    assert r"run another has mode '\x1b[31mebpf\u202e', but one of" in refused(capsys, "compare", *named)
    other_kernel = replace(hostile.run, mode="nftables", kernel="\x1b]0;owned\x07")
    other = write(tmp_path / "c", replace(hostile, run=other_kernel))
    assert r"the runs differ in kernel: \x1b]0;owned\x07 and 6.18" in refused(capsys, "compare", other, named[1])


def test_the_version_is_printed(capsys):
    assert run(capsys, "--version") == (0, f"kubeproof {version('kubeproof')}\n", "")


@pytest.mark.parametrize(("argv", "command"), [((), "compare"), (("images",), "push")])
def test_without_a_command_help_is_printed_and_no_error(capsys, argv, command):
    code, out, err = run(capsys, *argv)
    assert (code, err) == (2, "")
    assert command in out


@pytest.mark.parametrize(("typed", "offered"), [("comp", "compare"), ("hist", "history"), ("meas", "measure")])
def test_a_shell_completes_commands(typed, offered):
    words = {"_KUBEPROOF_COMPLETE": "complete_bash", "COMP_WORDS": f"kubeproof {typed}", "COMP_CWORD": "1"}
    program = [sys.executable, "-m", "harness.cli.main"]
    done = subprocess.run(program, env={**os.environ, **words}, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [offered]
