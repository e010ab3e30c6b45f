import select
import sys

from director.guest.background import BackgroundProgram


def wait_ended(program):
    select.select([program.ended], [], [])
    return program.reap()


def test_exit_code_and_output_are_returned_after_the_program_has_ended():
    program = BackgroundProgram(
        (sys.executable, "-c", "import sys; sys.stderr.write('a'); print('b'); sys.exit(3)"), 60
    )
    assert wait_ended(program) == {"exit_code": 3, "stdout": "b\n", "stderr": "a"}


def test_a_program_that_exceeds_its_timeout_is_ended():
    assert wait_ended(BackgroundProgram(("sleep", "60"), 0.1))["exit_code"] == 124


def test_a_missing_program_has_a_shells_exit_code():
    assert wait_ended(BackgroundProgram(("no-such-program",), 60))["exit_code"] == 127
