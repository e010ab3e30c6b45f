"""Tests that steady traffic covers its whole block, or reports that it did not."""

import threading

import pytest

from clusters.errors import WorldError
from harness.traffic.requests import Reply, Request
from harness.traffic.steady import BURST, Traffic, TrafficTooShort, steady_traffic
from tests.fakes.clock import JumpingClock

REQUEST = Request("10.96.0.9", 80, spacing_s=0.02)


class FakeSender:
    """A client that replies at once; it calls `before_burst` before each burst with the number of earlier bursts."""

    label = "web/client"

    def __init__(self, before_burst=lambda bursts: None):
        self._before_burst = before_burst
        self.bursts = 0

    def send(self, request):
        self._before_burst(self.bursts)
        self.bursts += 1
        return (reply(),) * request.count


def reply(**fields):
    return Reply(**{"ok": True, "body": "", "error": "", "latency_us": 1, "at_s": 0.0, **fields})


def test_the_last_burst_begins_after_the_block_has_ended():
    ended, began_after_the_end = threading.Event(), []

    def before_burst(bursts):
        began_after_the_end.append(ended.is_set())
        if bursts:
            ended.wait(10)

    sender = FakeSender(before_burst)
    with steady_traffic(sender, REQUEST) as traffic:
        assert traffic.replies, "there is no traffic when the block begins"
        ended.set()
    assert began_after_the_end[-1]
    assert len(traffic.replies) == BURST * sender.bursts


def test_traffic_that_ends_before_its_block_is_an_environment_error():
    clock, begun, at_the_limit = JumpingClock(), threading.Event(), threading.Event()

    def before_burst(bursts):
        if bursts == 1:
            begun.wait(10)
        clock.sleep(2.5)
        if bursts == 1:
            at_the_limit.set()

    def change():
        with steady_traffic(FakeSender(before_burst), REQUEST, limit=2 * BURST, clock=clock):
            begun.set()
            at_the_limit.wait(10)

    with pytest.raises(TrafficTooShort) as raised:
        change()
    assert raised.value.message == (
        "the traffic of client web/client to 10.96.0.9:80 ended at its limit of 100 connections after 5.0 s (planned "
        "for at least 2.0 s), before the change that it had to cover, which took 2.5 s"
    )


def test_an_error_of_the_block_takes_precedence_over_traffic_that_was_too_short():
    with pytest.raises(AssertionError, match="no backend"), steady_traffic(FakeSender(), REQUEST, limit=BURST):
        raise AssertionError("no backend")


def test_an_error_of_the_first_burst_is_raised_before_the_block_begins():
    def fail(bursts):
        raise WorldError("client web/client ended with 1: SyntaxError")

    begun = []
    with pytest.raises(WorldError, match="ended with 1: SyntaxError"), steady_traffic(FakeSender(fail), REQUEST):
        begun.append(True)
    assert not begun


def test_lost_and_delayed_connections_are_counted_separately():
    late = reply(syn_retransmits=1, connect_us=1_020_000)
    gone = reply(ok=False, error="TimeoutError: timed out", syn_retransmits=1)
    traffic = Traffic([reply(), late, gone, late])
    assert traffic.lost == ["TimeoutError: timed out"]
    assert traffic.delayed == ["connected after 1.0 s, SYN retransmitted 1 times"] * 2
    assert traffic.summary == "of 4 connections, 1 failed and 2 succeeded only after a retransmitted SYN"
