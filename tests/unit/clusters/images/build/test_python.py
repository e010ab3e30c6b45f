from pathlib import Path

import pytest

from clusters.errors import BuildFailed
from clusters.images.build.python import PythonPackages
from tests.fakes.host.commands import ScriptedCommands, failing


@pytest.fixture
def requirements(tmp_path):
    file = tmp_path / "load" / "requirements.txt"
    file.parent.mkdir()
    file.write_text("locust==2.47.0\n")
    return file


def pip(effect=""):
    return ScriptedCommands({"": effect})


def test_packages_are_kept_under_a_digest_of_the_requirements(tmp_path, requirements):
    packages = PythonPackages(pip(), tmp_path)
    before = packages.directory(requirements)
    packages.build(requirements)
    assert packages.has(requirements)
    requirements.write_text("locust==2.48.0\n")
    assert packages.directory(requirements) != before
    assert not packages.has(requirements)


def test_they_are_those_of_debians_python(tmp_path, requirements):
    commands = pip()
    PythonPackages(commands, tmp_path).build(requirements)
    (argv,) = commands.asked
    assert "--python-version=3.11" in argv
    assert f"--requirement={requirements}" in argv


def test_a_failed_download_leaves_nothing_and_is_an_error_of_one_line(tmp_path, requirements):
    def half(argv):
        target = next(word for word in argv if word.startswith("--target="))
        Path(target.partition("=")[2]).mkdir()
        raise failing("pip install", "no route\nno matching distribution")

    packages = PythonPackages(pip(half), tmp_path)
    with pytest.raises(BuildFailed, match="Python packages of load were not installed") as caught:
        packages.build(requirements)
    assert "\n" not in str(caught.value)
    assert not packages.has(requirements)
