"""Tests of the choice of the kind program: the installed one if it fits the Kubernetes version, otherwise a built one."""

import pytest

from clusters.errors import HostUnfit
from clusters.images.build.programs import Programs
from clusters.images.lock import read_lock
from clusters.images.recipes import KIND
from clusters.kind.program.find import find_kind
from clusters.kind.program.fit import KindVersion, oldest_that_fits, why_unfit
from tests.fakes.host.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
NO_GO = failing("go install tool", "go: not found", 127)


def find(tmp_path, installed_kind, version, kubernetes, go=NO_GO):
    commands = ScriptedCommands({f"{installed_kind} version": version, "go install": go})
    progress = SilentProgress()
    return find_kind(commands, Programs(commands, tmp_path), kubernetes, progress), progress


def built(tmp_path):
    """Create the cache directory as if an earlier run had built kind, and return the program's path."""
    directory = tmp_path / "programs" / f"{KIND.name}-{KIND.digest}"
    directory.mkdir(parents=True)
    return str(directory / "kind")


@pytest.mark.parametrize(
    ("version", "kubernetes"),
    [
        ("kind v0.33.0 go1.26.0 linux/amd64", (1, 37)),
        ("kind v0.32.0 go1.25.5 linux/amd64", (1, 37)),
        ("kind v0.31.0 go1.25.5 linux/amd64", (1, 36)),
        ("kind v0.27.0 go1.23.6 linux/amd64", (1, 35)),
        ("kind v0.34.0-alpha+0123456789abcd go1.26.0 linux/amd64", (1, 37)),
    ],
)
def test_the_installed_kind_is_used_if_kubeadm_reads_its_configuration(tmp_path, installed_kind, version, kubernetes):
    program, progress = find(tmp_path, installed_kind, version, kubernetes)
    assert program == str(installed_kind)
    assert progress.notes == []


@pytest.mark.parametrize("version", ["kind v0.31.0 go1.25.5 linux/amd64", "kind v0.32.0-alpha go1.25.5 linux/amd64"])
def test_a_kind_whose_configuration_kubeadm_does_not_read_is_not_used_and_the_reason_is_noted(
    tmp_path, installed_kind, version
):
    ours = built(tmp_path)
    program, progress = find(tmp_path, installed_kind, version, (1, 37))
    assert program == ours
    (note,) = progress.notes
    assert f"{installed_kind} cannot be used" in note
    assert "writes kubeadm.k8s.io/v1beta3, and kubeadm 1.37 reads v1beta4" in note


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("kind v0.26.0 go1.23.4 linux/amd64", "older than 0.27.0"),
        ("some other program", "does not report its version"),
        (failing("kind version", "cannot execute binary file", 126), "does not report its version"),
    ],
)
def test_a_kind_that_is_too_old_or_another_program_is_not_used(tmp_path, installed_kind, version, reason):
    ours = built(tmp_path)
    program, progress = find(tmp_path, installed_kind, version, (1, 35))
    assert program == ours
    assert reason in progress.notes[0]


def test_the_error_names_the_unfit_kind_and_a_version_that_fits_if_none_can_be_built(tmp_path, installed_kind):
    with pytest.raises(HostUnfit) as caught:
        find(tmp_path, installed_kind, "kind v0.31.0 go1.25.5 linux/amd64", (1, 37))
    message = str(caught.value)
    assert "no kind program fits Kubernetes 1.37" in message
    assert "kind 0.31.0 writes kubeadm.k8s.io/v1beta3, and kubeadm 1.37 reads v1beta4" in message
    assert "go: not found" in message
    assert "install kind 0.32.0 or later, or a Go toolchain" in message
    assert "\n" not in message


def test_the_error_reports_that_no_kind_is_installed_if_none_can_be_built(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    commands = ScriptedCommands({"go install": NO_GO})
    with pytest.raises(HostUnfit, match=r"none is installed.*install kind 0\.27\.0 or later"):
        find_kind(commands, Programs(commands, tmp_path), (1, 35), SilentProgress())


def test_the_kind_version_of_the_lock_fits_every_release():
    ours = KindVersion.parse(f"kind v{LOCK.kind}")
    assert [why_unfit(ours, release.minor) for release in LOCK.releases] == [None] * len(LOCK.releases)


def test_the_oldest_version_that_fits_is_accepted():
    for minor in ((1, 31), (1, 35), (1, 36), (1, 37), (1, 40)):
        assert why_unfit(oldest_that_fits(minor), minor) is None
