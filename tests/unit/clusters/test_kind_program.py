"""Which kind program makes a cluster: the user's own if it fits the Kubernetes, otherwise ours."""

import pytest

from clusters.errors import HostUnfit
from clusters.images.lock import read_lock
from clusters.images.programs import Programs
from clusters.images.recipes import KIND
from clusters.kind.fit import KindVersion, oldest_that_fits, why_unfit
from clusters.kind.program import find_kind
from tests.fakes.commands import ScriptedCommands, failing
from tests.fakes.progress import SilentProgress

LOCK = read_lock()
NO_GO = failing("go install tool", "go: not found", 127)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A program of that name on the path; what it says of its version is scripted."""
    program = tmp_path / "bin" / "kind"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def find(tmp_path, installed, told, kubernetes, go=NO_GO):
    commands = ScriptedCommands({f"{installed} version": told, "go install": go})
    progress = SilentProgress()
    return find_kind(commands, Programs(commands, tmp_path), kubernetes, progress), progress


def built(tmp_path):
    """As if an earlier run had built ours."""
    directory = tmp_path / "programs" / f"{KIND.name}-{KIND.digest}"
    directory.mkdir(parents=True)
    return str(directory / "kind")


@pytest.mark.parametrize(
    ("told", "kubernetes"),
    [
        ("kind v0.33.0 go1.26.0 linux/amd64", (1, 37)),
        ("kind v0.32.0 go1.25.5 linux/amd64", (1, 37)),
        ("kind v0.31.0 go1.25.5 linux/amd64", (1, 36)),
        ("kind v0.27.0 go1.23.6 linux/amd64", (1, 35)),
        ("kind v0.34.0-alpha+0123456789abcd go1.26.0 linux/amd64", (1, 37)),
    ],
)
def test_the_users_own_kind_makes_the_cluster_where_kubeadm_reads_what_it_writes(tmp_path, installed, told, kubernetes):
    program, progress = find(tmp_path, installed, told, kubernetes)
    assert program == str(installed)
    assert progress.notes == []


@pytest.mark.parametrize("told", ["kind v0.31.0 go1.25.5 linux/amd64", "kind v0.32.0-alpha go1.25.5 linux/amd64"])
def test_a_kind_that_writes_what_kubeadm_does_not_read_is_passed_over_with_the_reason(tmp_path, installed, told):
    ours = built(tmp_path)
    program, progress = find(tmp_path, installed, told, (1, 37))
    assert program == ours
    (note,) = progress.notes
    assert f"{installed} is passed over" in note
    assert "writes kubeadm.k8s.io/v1beta3, and kubeadm 1.37 reads v1beta4" in note


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("kind v0.26.0 go1.23.4 linux/amd64", "older than 0.27.0"),
        ("kind, a small child", "does not tell its version"),
        (failing("kind version", "cannot execute binary file", 126), "does not tell its version"),
    ],
)
def test_a_kind_that_is_too_old_or_no_kind_at_all_is_passed_over(tmp_path, installed, told, reason):
    ours = built(tmp_path)
    program, progress = find(tmp_path, installed, told, (1, 35))
    assert program == ours
    assert reason in progress.notes[0]


def test_where_none_can_be_built_the_error_says_what_does_not_fit_and_what_would(tmp_path, installed):
    with pytest.raises(HostUnfit) as caught:
        find(tmp_path, installed, "kind v0.31.0 go1.25.5 linux/amd64", (1, 37))
    told = str(caught.value)
    assert "no kind program fits Kubernetes 1.37" in told
    assert "kind 0.31.0 writes kubeadm.k8s.io/v1beta3, and kubeadm 1.37 reads v1beta4" in told
    assert "go: not found" in told
    assert "install kind 0.32.0 or later, or a Go toolchain" in told
    assert "\n" not in told


def test_where_none_is_installed_and_none_can_be_built_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    commands = ScriptedCommands({"go install": NO_GO})
    with pytest.raises(HostUnfit, match=r"none is installed.*install kind 0\.27\.0 or later"):
        find_kind(commands, Programs(commands, tmp_path), (1, 35), SilentProgress())


def test_our_own_kind_fits_every_release_of_the_lock():
    ours = KindVersion.parse(f"kind v{LOCK.kind}")
    assert [why_unfit(ours, release.minor) for release in LOCK.releases] == [None] * len(LOCK.releases)


def test_the_oldest_that_fits_does_fit():
    for minor in ((1, 31), (1, 35), (1, 36), (1, 37), (1, 40)):
        assert why_unfit(oldest_that_fits(minor), minor) is None
