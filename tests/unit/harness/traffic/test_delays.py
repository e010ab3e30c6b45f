"""Tests of the findings about delayed connections."""

from harness.traffic.delays import DelayTally
from reports.model.findings import DelayedConnectionsFinding
from tests.unit.harness.traffic.test_steady import reply


def test_delayed_connections_are_reported_with_their_case():
    tally = DelayTally()
    tally.add([reply(connect_us=90), reply(connect_us=1_040_000, syn_retransmits=1)])
    tally.add([reply(connect_us=3_020_000, syn_retransmits=2), reply()])
    finding = tally.finding("suites/services/test_ports.py::test_one")
    assert finding == DelayedConnectionsFinding(
        case="suites/services/test_ports.py::test_one", connections=3, delayed=2, slowest_s=3.02
    )


def test_lost_and_undelayed_connections_are_not_reported():
    tally = DelayTally()
    tally.add([reply(connect_us=90), reply(ok=False, connect_us=2_000_000, syn_retransmits=1)])
    assert tally.finding("a case") is None
