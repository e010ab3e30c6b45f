"""The workflows for CI: valid, with tox environments that exist, and a history that survives the nights."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
EXAMPLES = [REPOSITORY / "docs" / "gitlab-ci.example.yml"]
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7"


@pytest.fixture(scope="session")
def actionlint(tmp_path_factory):
    """Return actionlint, built from its Go module."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go to build actionlint with")
    programs = tmp_path_factory.mktemp("programs")
    built = subprocess.run(
        ["go", "install", ACTIONLINT], env={**os.environ, "GOBIN": str(programs)}, capture_output=True, text=True
    )
    if built.returncode:
        pytest.skip(f"actionlint cannot be built: {built.stderr.strip().splitlines()[-1]}")
    return programs / "actionlint"


def test_the_workflows_are_valid(actionlint):
    done = subprocess.run([actionlint, *WORKFLOWS], capture_output=True, text=True, cwd=REPOSITORY)
    assert (done.returncode, done.stdout) == (0, "")


def environments():
    """Return the names of all tox environments."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(REPOSITORY / "tox.ini")
    for section in parser.sections():
        name = section.removeprefix("testenv:")
        braces = re.search(r"\{(.*)\}", name)
        yield from (name.replace(braces[0], one) for one in braces[1].split(",")) if braces else (name,)


@pytest.mark.parametrize("file", [*WORKFLOWS, *EXAMPLES], ids=lambda file: file.name)
def test_every_tox_environment_that_is_called_exists(file):
    called = re.findall(r"tox -e (\S+)", file.read_text())
    assert called
    assert set(called) <= set(environments())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_script_that_is_called_exists(file):
    for script in re.findall(r"run: (\.github/\S+)", file.read_text()):
        assert os.access(REPOSITORY / script, os.X_OK)


def git(directory, *arguments):
    done = subprocess.run(["git", "-C", directory, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """Return a function that makes a fresh checkout of a repository whose origin is kept."""
    origin, seed = tmp_path / "origin.git", tmp_path / "seed"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(seed))
    (seed / ".gitignore").write_text("runs/\n")
    git(seed, "add", ".")
    git(seed, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "--message", "Begin")
    git(seed, "push", "--quiet", "origin", "HEAD:main")

    def fresh(name):
        git(tmp_path, "clone", "--quiet", "--branch=main", str(origin), str(tmp_path / name))
        return tmp_path / name

    return fresh


GH = """#!/bin/bash
echo "$*" >> "$CALLS"
if [[ "$1 $2" == "issue list" ]]; then echo "$OPEN"; fi
"""


def night(directory, part, tmp_path, *, open_issue=""):
    """Run a part of the nightly job in a checkout; return the calls of `gh`."""
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "gh").write_text(GH)
    (programs / "gh").chmod(0o755)
    calls = tmp_path / "calls"
    calls.write_text("")
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "OPEN": open_issue,
        "KUBERNETES": "1.37.2",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    script = REPOSITORY / ".github" / "history.sh"
    subprocess.run([script, part], cwd=directory, env=environment, check=True, capture_output=True)
    return calls.read_text().splitlines()


def write_run(directory, run, summary):
    made = directory / "runs" / "history" / run
    made.mkdir(parents=True)
    (made / "results.json").write_text("{}")
    (made / "report.html").write_text("a page, which is large")
    (directory / "runs" / "history" / "summary.md").write_text(summary)


def test_each_night_finds_the_results_of_all_nights_before(checkout, tmp_path):
    for number, name in enumerate(("first", "second", "third")):
        directory = checkout(name)
        night(directory, "begin", tmp_path)
        found = sorted(path.parent.name for path in (directory / "runs" / "history").glob("*/results.json"))
        assert found == ["run-first", "run-second", "run-third"][:number]
        assert not (directory / "runs" / "history" / ".gitignore").exists()
        write_run(directory, f"run-{name}", f"**night {number}**\n")
        night(directory, "end", tmp_path)
    assert "night 2" in (tmp_path / "summary").read_text()
    kept = git(
        tmp_path / "third",
        "ls-tree",
        "-r",
        "--name-only",
        git(tmp_path / "third", "ls-remote", "origin", "history").split()[0],
    )
    assert kept.split() == [f"run-{name}/results.json" for name in ("first", "second", "third")]


def test_one_issue_is_open_as_long_as_a_figure_is_worse(checkout, tmp_path):
    directory = checkout("night")
    night(directory, "begin", tmp_path)
    write_run(directory, "run", "**1 of 9 figures has changed for the worse**\n\n- worse: it is slower\n")
    assert night(directory, "issue", tmp_path)[-1].startswith("issue create --title Nightly: a figure has changed")
    assert night(directory, "issue", tmp_path, open_issue="7")[-1].startswith("issue edit 7 --body-file")
    (directory / "runs" / "history" / "summary.md").write_text(
        "**Nothing has changed for the worse: 9 figures in 3 runs.**\n"
    )
    assert night(directory, "issue", tmp_path, open_issue="7")[-1].startswith("issue close 7 --comment")
    assert len(night(directory, "issue", tmp_path)) == 1
