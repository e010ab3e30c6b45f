from math import inf

from harness.traffic.outage import Outage, longest_outage
from harness.traffic.requests import Reply


def reply(start_ms, *, ok=True, took_ms=1.0):
    return Reply(ok, "", "" if ok else "timed out", round(took_ms * 1000), (start_ms + took_ms) / 1000)


def test_without_a_failed_connection_there_is_no_outage():
    assert longest_outage([reply(0), reply(10)]) is None
    assert longest_outage([]) is None


def test_an_outage_lasts_between_its_failed_connections_and_the_good_ones_around_it():
    replies = [reply(0), reply(10), reply(20, ok=False), reply(30, ok=False, took_ms=100.0), reply(140), reply(150)]
    assert longest_outage(replies) == Outage(2, 10.0, 130.0)


def test_of_two_outages_the_longer_one_counts():
    short = [reply(0), reply(10, ok=False), reply(20)]
    long = [reply(30, ok=False), reply(60, ok=False), reply(70)]
    assert longest_outage(short + long) == Outage(2, 30.0, 50.0)


def test_an_outage_at_the_end_of_the_traffic_has_no_upper_limit():
    assert longest_outage([reply(0), reply(10, ok=False)]) == Outage(1, 0.0, inf)


def test_a_connection_whose_first_packet_was_lost_counts_as_failed():
    late = Reply(True, "", "", 1_001_000, 1.011, connect_us=1_000_500, syn_retransmits=1)
    found = longest_outage([reply(0), late, reply(1020)])
    assert found is not None
    assert found.failed == 1
