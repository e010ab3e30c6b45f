"""Tests of the findings about delayed connections."""

from harness.traffic.delays import DelayTally
from tests.unit.harness.traffic.test_steady import reply


def test_delayed_connections_are_reported_with_their_case():
    tally = DelayTally()
    tally.add([reply(connect_us=90), reply(connect_us=1_040_000, syn_retransmits=1)])
    tally.add([reply(connect_us=3_020_000, syn_retransmits=2), reply()])
    finding = tally.finding("suites/services/test_ports.py::test_one")
    assert finding.statement == (
        "2 of 3 connections of suites/services/test_ports.py::test_one succeeded only after a retransmitted SYN; "
        "the slowest took 3.0 s to connect."
    )
    assert finding.numbers == {"connections": 3, "delayed": 2, "slowest_connect_us": 3_020_000}


def test_lost_and_undelayed_connections_are_not_reported():
    tally = DelayTally()
    tally.add([reply(connect_us=90), reply(ok=False, connect_us=2_000_000, syn_retransmits=1)])
    assert tally.finding("a case") is None
