from threading import Event, Timer

import pytest

from harness.load.background import in_background


def test_the_end_of_a_block_waits_for_its_background_work():
    enough = Event()
    with in_background(lambda: enough.wait(30.0)) as work:
        Timer(0.1, enough.set).start()
    assert work.done()
    assert work.result()


def test_a_block_that_fails_does_not_wait():
    enough = Event()
    with pytest.raises(KeyboardInterrupt), in_background(enough.wait) as work:
        raise KeyboardInterrupt
    assert not work.done()
    enough.set()
