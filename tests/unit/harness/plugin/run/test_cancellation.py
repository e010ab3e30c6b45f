import os
import signal

import pytest

from harness.plugin.run.cancellation import interrupted_once

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("first", BOTH)
@pytest.mark.parametrize("second", BOTH)
def test_the_first_signal_interrupts_and_a_second_does_not_interrupt_the_cleanup(first, second):
    handlers, cleaned = [signal.getsignal(number) for number in BOTH], []

    def work():
        try:
            os.kill(os.getpid(), first)
            pytest.fail("the first signal did not interrupt the work")
        finally:
            os.kill(os.getpid(), second)
            cleaned.append("the namespace")

    with pytest.raises(KeyboardInterrupt), interrupted_once():
        work()
    assert cleaned == ["the namespace"]
    assert [signal.getsignal(number) for number in BOTH] == handlers
