import math

import pytest

from harness.load.plan import Block, LoadResult, Target, TargetBlocks
from harness.performance.capacity import Attempt, attempt_of, finding, highest, search
from harness.statistics.histogram import encode

BOUND_US = 10_000.0


def system(capacity_per_s, cpu_share=0.2):
    """Return a system with a p99 of 1 ms up to its capacity and 1 s beyond it."""

    def attempt(rate_per_s):
        p99_us = 1000.0 if rate_per_s <= capacity_per_s else 1e6
        return Attempt(rate_per_s, p99_us, 0, 0, cpu_share, BOUND_US)

    return attempt


@pytest.mark.parametrize("capacity_per_s", [100, 777, 1500, 5000])
def test_the_capacity_is_found_within_15_percent(capacity_per_s):
    found = highest(search(system(capacity_per_s), 100, 8000)).rate_per_s
    assert capacity_per_s / 1.15 <= found <= capacity_per_s


def test_a_search_ends_at_the_highest_rate_allowed():
    made = search(system(1e9), 100, 1000)
    assert [one.rate_per_s for one in made] == [100, 200, 400, 800, 1000]
    found = finding(made, "new connections", "nftables")
    assert (found.passed.rate_per_s, found.exceeded) == (1000, None)


def test_a_system_that_fails_at_the_lowest_rate_is_reported():
    made = search(system(1), 100, 1000)
    assert highest(made) is None
    found = finding(made, "new connections", "ipvs")
    assert (found.passed, found.exceeded.rate_per_s, found.bound_ms) == (None, 100, 10)


def test_the_finding_names_the_rates_that_passed_and_failed():
    made = search(system(500), 400, 500)
    found = finding((*made, system(500)(550)), "new connections", "nftables")
    assert (found.passed.rate_per_s, found.exceeded.rate_per_s, found.exceeded.p99_us) == (500, 550, 1e6)
    assert [attempt.rate_per_s for attempt in found.attempts] == [400, 500, 550]


def test_a_busy_generator_is_named_as_the_possible_limit():
    found = finding(search(system(500, cpu_share=0.97), 100, 8000), "new connections", "nftables")
    assert found.exceeded.generator_busy


def test_a_rate_with_missed_or_failed_requests_does_not_pass():
    target = Target("a", "10.96.0.1", 80)
    quick = TargetBlocks((Block(0, corrected=encode([900] * 100)),))

    def seen(blocks, missed=0):
        return attempt_of(
            LoadResult(100, missed, 0, 0.1, 0, 0.0, {"a": blocks}, TargetBlocks(())), (target,), 100, BOUND_US
        )

    assert seen(quick).holds
    assert not seen(quick, missed=1).holds
    assert not seen(TargetBlocks((Block(0, corrected=encode([900]), errors={"refused": 1}),))).holds
    assert seen(TargetBlocks(())).p99_us == math.inf
