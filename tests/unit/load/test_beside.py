from threading import Event

import pytest

from harness.load.beside import beside


def test_the_end_of_a_block_waits_for_what_goes_on_beside_it():
    with beside(lambda: 3) as work:
        pass
    assert work.done()
    assert work.result() == 3


def test_a_block_that_fails_waits_for_nothing():
    enough = Event()
    with pytest.raises(KeyboardInterrupt), beside(enough.wait) as work:
        raise KeyboardInterrupt
    assert not work.done()
    enough.set()
