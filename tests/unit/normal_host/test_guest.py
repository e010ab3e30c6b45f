"""The results of the machine's job are read."""

import pytest

from clusters.errors import EngineUnavailable
from tests.normal_host.guest import read_results

RESULTS = {"docker": "0\n", "exit-code": "1\n", "clean-exit-code": "0\n", "modules": "ip_vs\nip_vs_rr\n"}


def write_files(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_exit_codes_modules_and_containers_are_read(tmp_path):
    run = read_results(write_files(tmp_path, {**RESULTS, "containers": "0a1b\n"}), tmp_path / "console.log")
    assert (run.exit_code, run.clean_exit_code) == (1, 0)
    assert run.modules == {"ip_vs", "ip_vs_rr"}
    assert run.containers == ("0a1b",)


@pytest.mark.parametrize("files", [{}, {"docker": "1\n"}], ids=["no job", "no response"])
def test_a_docker_that_did_not_respond_is_an_error(tmp_path, files):
    with pytest.raises(EngineUnavailable, match="Docker in the machine did not respond") as failed:
        read_results(write_files(tmp_path, files), tmp_path / "console.log")
    assert "console.log" in failed.value.remedy
