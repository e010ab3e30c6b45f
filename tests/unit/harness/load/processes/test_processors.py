"""The processors of this process; every test restores them."""

import os

from kubeproof_load.processors import chosen, on_one_processor


def test_workers_take_processors_from_the_last_one_on():
    assert [chosen({0, 1, 5}, worker) for worker in range(4)] == [5, 1, 0, 5]
    assert [chosen({3}, worker) for worker in range(2)] == [3, 3]


def test_the_thread_stays_on_one_processor_while_the_block_runs():
    usable = os.sched_getaffinity(0)
    with on_one_processor(usable, 0):
        assert os.sched_getaffinity(0) == {max(usable)}
    assert os.sched_getaffinity(0) == usable


def test_all_processors_are_used_again_after_plans_that_overlapped():
    usable = os.sched_getaffinity(0)
    late, next_one = on_one_processor(usable, 0), on_one_processor(usable, 1)
    late.__enter__()
    next_one.__enter__()
    late.__exit__(None, None, None)
    next_one.__exit__(None, None, None)
    assert os.sched_getaffinity(0) == usable
