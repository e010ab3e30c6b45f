from threading import Event, Timer

import pytest

from harness.load.background import beside


def test_the_end_of_a_block_waits_for_what_goes_on_beside_it():
    enough = Event()
    with beside(lambda: enough.wait(30.0)) as work:
        Timer(0.1, enough.set).start()
    assert work.done()
    assert work.result()


def test_a_block_that_fails_waits_for_nothing():
    enough = Event()
    with pytest.raises(KeyboardInterrupt), beside(enough.wait) as work:
        raise KeyboardInterrupt
    assert not work.done()
    enough.set()
