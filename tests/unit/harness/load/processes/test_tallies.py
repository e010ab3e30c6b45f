from collections import Counter

import pytest
from kubeproof_load.arrivals import Arrival, Target
from kubeproof_load.request_kinds import Completed
from kubeproof_load.tallies import Blocks
from kubeproof_load.work import record

from harness.statistics.histogram import block_counts

FIRST = Arrival(Target("a", "10.96.0.1", 80), intended_s=10.0, block=0)


def test_a_block_is_sent_once_its_last_request_is_over():
    sent = []
    blocks = Blocks(Counter({0: 3, 1: 1}), lambda *block: sent.append(block))
    blocks.tally(FIRST).add("wall", 0.000250)
    blocks.end(0)
    blocks.end(0, 1)
    assert not sent
    blocks.end(0)
    ((number, tallies),) = sent
    assert number == 0
    assert block_counts([tallies["a"]["wall"]]).values_us.tolist() == [250.0]
    assert not blocks.over()
    blocks.end(1)
    assert blocks.over()


def test_latencies_are_recorded_by_every_clock():
    tally = Blocks(Counter({0: 1}), None).tally(FIRST)
    record(tally, FIRST, Completed(start_s=10.001, end_s=10.0015, kernel_s=0.0003))
    latencies_us = {clock: block_counts([text]).values_us.tolist() for clock, text in histograms(tally)}
    assert latencies_us == {"kernel": [300.0], "wall": [500.0], "corrected": [1500.0], "answered": [300.0]}


def test_a_connection_whose_syn_was_retransmitted_is_counted_and_has_its_whole_duration_in_one_clock():
    tally = Blocks(Counter({0: 1}), None).tally(FIRST)
    record(tally, FIRST, Completed(start_s=10.0, end_s=11.001, kernel_s=0.001, retransmitted=True))
    ((clock, text),) = histograms(tally)
    assert clock == "answered"
    assert block_counts([text]).values_us[0] == pytest.approx(1_001_000, rel=0.001)
    assert tally.as_record()["retransmitted"] == 1


def histograms(tally):
    return ((clock, text) for clock, text in tally.as_record().items() if clock not in ("errors", "retransmitted"))
