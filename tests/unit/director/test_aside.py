import select
import sys

from director.guest.aside import AsideProgram


def ended(program):
    select.select([program.ended], [], [])
    return program.reap()


def test_it_is_answered_for_when_it_has_ended():
    program = AsideProgram((sys.executable, "-c", "import sys; sys.stderr.write('a'); print('b'); sys.exit(3)"), 60)
    assert ended(program) == {"exit_code": 3, "stdout": "b\n", "stderr": "a"}


def test_it_is_ended_when_it_takes_too_long():
    assert ended(AsideProgram(("sleep", "60"), 0.1))["exit_code"] == 124


def test_a_program_that_is_missing_ends_as_in_a_shell():
    assert ended(AsideProgram(("no-such-program",), 60))["exit_code"] == 127
