import pytest

from clusters.errors import CommandFailed
from clusters.host.command import HostCommands


def test_a_program_reads_its_standard_input_and_its_output_is_returned():
    assert HostCommands().run("cat", stdin="hello").stdout == "hello"


@pytest.mark.parametrize(
    ("argv", "exit_code", "words"),
    [
        (("sh", "-c", "echo first; echo boom >&2; exit 3"), 3, "ended with 3: boom"),
        (("no-such-program",), 127, "no-such-program: not found"),
        (("/etc",), 126, "/etc: cannot be executed: Permission denied"),
    ],
)
def test_the_message_about_a_failed_program_ends_with_its_last_line_of_output(argv, exit_code, words):
    with pytest.raises(CommandFailed, match=words) as caught:
        HostCommands().run(*argv)
    assert caught.value.exit_code_seen == exit_code


def test_a_program_that_exceeds_its_time_limit_is_ended():
    with pytest.raises(CommandFailed, match="did not end in time"):
        HostCommands().run("sleep", "60", timeout_s=0.1)
