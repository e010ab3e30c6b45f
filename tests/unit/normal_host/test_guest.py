"""What the machine's job leaves, and how it is read."""

import pytest

from clusters.errors import EngineUnavailable
from tests.normal_host.guest import read_left

LEFT = {"docker": "0\n", "exit-code": "1\n", "clean-exit-code": "0\n", "modules": "ip_vs\nip_vs_rr\n"}


def written(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_a_run_is_its_exit_codes_and_what_the_kernel_and_docker_had_at_the_end(tmp_path):
    run = read_left(written(tmp_path, {**LEFT, "containers": "0a1b\n"}), tmp_path / "console.log")
    assert (run.exit_code, run.clean_exit_code) == (1, 0)
    assert run.modules == {"ip_vs", "ip_vs_rr"}
    assert run.containers == ("0a1b",)


@pytest.mark.parametrize("files", [{}, {"docker": "1\n"}], ids=["no job", "no answer"])
def test_where_docker_did_not_answer_the_world_failed(tmp_path, files):
    with pytest.raises(EngineUnavailable, match="Docker did not answer") as failed:
        read_left(written(tmp_path, files), tmp_path / "console.log")
    assert "console.log" in failed.value.remedy
