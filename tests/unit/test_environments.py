"""Every mode has environments in tox, a nightly job, and what its run on an ordinary host must show."""

from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from clusters.images.lock import read_lock
from clusters.spec import Mode
from tests.normal_host.test_modes import NATIVE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tox():
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "tox.ini")
    return config


@pytest.mark.parametrize("prefix", ["", "perf-"])
def test_tox_has_an_environment_for_every_mode(tox, prefix):
    (names,) = (section for section in tox.sections() if section.startswith(f"testenv:{prefix}{{"))
    assert set(names.partition("{")[2].rstrip("}").split(",")) == set(Mode)


@pytest.mark.parametrize("environment", ["perf-{", "quick", "planted"])
def test_an_environment_with_a_command_for_each_mode_has_one_for_every_mode(tox, environment):
    (commands,) = (tox[name]["commands"] for name in tox.sections() if name.startswith(f"testenv:{environment}"))
    assert [mode for mode in Mode if f"--proxy-mode={mode} " not in commands] == []


def test_the_nightly_job_runs_every_mode_in_every_version_of_kubernetes(tox):
    workflow = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text())
    job = workflow["jobs"]["kubernetes"]
    assert job["strategy"]["matrix"]["kubernetes"] == [release.version for release in read_lock().releases]
    assert any("tox -e nightly" in step.get("run", "") for step in job["steps"])
    assert "kubeproof measure --quick" in tox["testenv:nightly"]["commands"]


def test_every_mode_has_kernel_modules_that_an_ordinary_host_loads():
    assert set(NATIVE) == set(Mode)
