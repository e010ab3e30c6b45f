"""A run's directory may contain anything: every error is one line, with exit code 2."""

import os

import pytest

from clusters.errors import UsageError
from harness.plugin.run.results import read_run
from reports.model import results_to_json
from tests.unit.reports.sample import RESULTS

WHOLE = results_to_json(RESULTS)


def refusal(directory, content=None):
    if content is not None:
        (directory / "results.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as refused:
        read_run(directory)
    assert refused.value.exit_code == 2
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < len(str(directory)) + 250
    return message


def test_a_run_is_read_from_its_directory(tmp_path):
    (tmp_path / "results.json").write_text(WHOLE)
    assert results_to_json(read_run(tmp_path)) == results_to_json(RESULTS)


def test_a_directory_without_results_is_reported(tmp_path):
    assert refusal(tmp_path / "none").endswith("none holds no results.json (name a directory below runs/)")
    (tmp_path / "file").touch()
    assert "holds no results.json" in refusal(tmp_path / "file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is empty"),
        (" \n", "is no JSON, or only a part of it: Expecting value at line"),
        (WHOLE[:-40], "is no JSON, or only a part of it"),
        (WHOLE[: len(WHOLE) // 2], "is no JSON, or only a part of it"),
        ("<html>", "is no JSON, or only a part of it"),
        (WHOLE.encode("utf-16"), "byte 0 is not UTF-8"),
        (b'{"schema": "\xff"}', "byte 12 is not UTF-8"),
        ("[" * 1_000_000, "it is nested too deeply"),
        ('{"a":' * 1_000_000, "it is nested too deeply"),
        ("[]", "expected schema kubeproof.results/2, found []"),
        ('"\\ud800"', "found '\\ud800'"),
        ("NaN", "expected schema kubeproof.results/2, found nan"),
        ("9" * 5000, "is no kubeproof results"),
        ('{"schema": "kubeproof.results/99"}', "a newer kubeproof wrote it"),
        ('{"schema": "kubeproof.results/2"}', "results.run: Field required"),
        ('{"schema": "kubeproof.results/1"}', "results.run: Field required"),
        ('{"schema": "\\u001b[31m' + "x" * 10_000 + '"}', "found '\\x1b[31m"),
    ],
)
def test_an_invalid_results_file_is_reported_in_one_line(tmp_path, content, message):
    assert message in refusal(tmp_path, content)


def test_only_regular_files_are_read(tmp_path):
    for name in ("directory", "loop", "pipe", "device", "nowhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "directory" / "results.json").mkdir()
    (tmp_path / "loop" / "results.json").symlink_to("results.json")
    os.mkfifo(tmp_path / "pipe" / "results.json")
    (tmp_path / "device" / "results.json").symlink_to("/dev/zero")
    (tmp_path / "nowhere" / "results.json").symlink_to("none")
    for name in ("directory", "pipe", "device"):
        assert "it is not a regular file" in refusal(tmp_path / name)
    assert "Too many levels of symbolic links" in refusal(tmp_path / "loop")
    assert "holds no results.json" in refusal(tmp_path / "nowhere")


def test_a_file_above_the_size_limit_is_not_read(tmp_path):
    with (tmp_path / "results.json").open("w") as file:
        file.truncate(2**40)  # a sparse file, which uses no disk blocks
    assert "it has 1,099,511,627,776 bytes, more than 268,435,456" in refusal(tmp_path)
