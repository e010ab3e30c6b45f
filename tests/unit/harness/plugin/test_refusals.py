"""Invalid options are refused before a cluster is opened: one line, exit code 2, and no directory of a run."""

import pytest

from clusters.errors import UsageError
from harness.plugin.run.controller import new_directory

ONE = "def test_one(cluster): pass\n"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "--cluster-workers=-1",
            "kubeproof: --cluster-workers=-1 is not allowed (it takes a whole number from 1 to 100)",
        ),
        ("--run-seed=\x1b[2J", r"kubeproof: --run-seed='\x1b[2J' is not allowed"),
        ("--kubernetes=9.9.9", "kubeproof: --kubernetes=9.9.9: Kubernetes 9.9.9 is not in the lock file"),
        ("nowhere", "kubeproof: there is no file or folder 'nowhere'"),
        ("--runs-dir=test_suite.py", "kubeproof: --runs-dir=test_suite.py cannot be used: File exists"),
    ],
)
def test_an_invalid_option_is_refused(run, option, message):
    assert run.run(ONE, option) == 2, run.output
    assert message in run.output
    assert "Traceback" not in run.output
    assert run.owner == []
    assert not (run.directory / "runs").exists()


def test_each_run_has_a_new_directory(tmp_path):
    assert new_directory(tmp_path / "a" / "b", "ipvs").is_dir()
    first, second = new_directory(tmp_path, "ipvs"), new_directory(tmp_path, "ipvs")
    assert first != second


@pytest.mark.parametrize("name", ["file", "file/below", "loop", "nowhere/below", "x" * 300, "/proc/none"])
def test_a_directory_that_cannot_be_created_is_refused(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("none/at/all")
    with pytest.raises(UsageError, match=r"--runs-dir=\S+ cannot be used: .*\(name a folder to write to\)") as refused:
        new_directory(tmp_path / name, "ipvs")
    assert "\n" not in str(refused.value)
