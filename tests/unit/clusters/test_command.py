import pytest

from clusters.command import HostCommands
from clusters.errors import CommandFailed


def test_output_and_standard_input():
    assert HostCommands().run("cat", stdin="hello").stdout == "hello"


@pytest.mark.parametrize(
    ("argv", "exit_code", "words"),
    [
        (("sh", "-c", "echo first; echo boom >&2; exit 3"), 3, "ended with 3: boom"),
        (("no-such-program",), 127, "no-such-program: not found"),
        (("/etc",), 126, "/etc: cannot be executed: Permission denied"),
    ],
)
def test_a_program_that_fails_is_one_line_with_its_last_words(argv, exit_code, words):
    with pytest.raises(CommandFailed, match=words) as caught:
        HostCommands().run(*argv)
    assert caught.value.exit_code_seen == exit_code


def test_a_program_that_does_not_end_is_stopped():
    with pytest.raises(CommandFailed, match="did not end in time"):
        HostCommands().run("sleep", "60", timeout_s=0.1)
