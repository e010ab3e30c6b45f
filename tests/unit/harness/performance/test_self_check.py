from harness.performance.cost_per_rule import Walk
from harness.performance.self_check import (
    check_aa_pairs,
    check_cost_per_rule,
    check_delay,
    check_look_up,
    check_steps,
    finding,
)
from harness.statistics.comparison import Range
from harness.statistics.slope import Slope


def slope(value, half):
    return Slope(value, value - half, value + half, 0.0)


def twins(alike, apart):
    return [Range(0.1, -1.0, 1.0)] * alike + [Range(3.0, 1.0, 5.0)] * apart


def test_of_too_few_sound_steps_nothing_is_concluded():
    whole = check_steps([0, 10, 1000, 0], made=4)
    assert whole.holds
    assert whole.figures == "4 of 4 steps are sound, 2 of them at zero Services"
    assert check_steps([0, 1000, 0], made=4).holds
    assert not check_steps([0, 10, 1000], made=4).holds
    assert not check_steps([0, 0, 0], made=4).holds
    nothing = check_steps([], made=4)
    assert not nothing.holds
    assert nothing.figures == ("0 of 4 steps are sound, 0 of them at zero Services (at least 3 and 2 are needed)")


def test_as_many_twins_as_chance_allows_may_be_apart():
    assert check_aa_pairs(twins(20, 0)).holds
    assert check_aa_pairs(twins(17, 3)).holds
    assert not check_aa_pairs(twins(15, 5)).holds


def walked(us_per_rule, moods=(1.0, 0.95, 1.04, 1.0)):
    """Steps of different lengths, in each of which a rule costs what the host's mood makes of it."""
    lengths = (100, 1000, 2000, 5000)[: len(moods)]
    return [
        [Walk(n, us_per_rule * mood * n + wobble) for wobble in (-1, 0, 1)]
        for n, mood in zip(lengths, moods, strict=True)
    ]


def test_a_rule_must_cost_what_it_costs_elsewhere():
    check = check_cost_per_rule(walked(0.025), walked(0.026, moods=(1.0, 1.06, 0.97, 1.0)))
    assert check.holds, check.figures
    assert check.figures.startswith("a rule costs 25.13 ns")
    assert " in the sweep and 26.01 ns" in check.figures
    assert not check_cost_per_rule(walked(0.025), walked(0.035)).holds


def test_short_walks_count_only_where_there_are_not_enough_long_ones():
    """A rule costs 25 ns, and 3 us more are lost before the processor fetches rules ahead."""
    cold = [[Walk(n, 0.025 * n + 3.0 + wobble) for wobble in (-0.1, 0, 0.1)] for n in (20, 120, 1500, 3000, 9000)]
    assert check_cost_per_rule(cold, cold[2:]).numbers["rule_ns"] < 27
    assert check_cost_per_rule(cold, cold[2:]).holds
    assert check_cost_per_rule(cold[:4], cold[2:]).numbers["rule_ns"] > 40


def test_costs_that_are_hardly_known_agree_with_nothing():
    restless = walked(0.025, moods=(1.0, 0.5, 1.6, 1.0))
    check = check_cost_per_rule(restless, restless)
    assert not check.holds
    assert check.figures.endswith("in a chain that never matches, which is not known to a quarter")


def test_rules_that_always_moved_tell_no_cost():
    assert check_cost_per_rule(walked(0.025), []).figures.startswith("no chain was walked beside the sweep")
    assert check_cost_per_rule([], walked(0.025)).figures.startswith("rules moved while they were walked")
    assert not check_cost_per_rule(walked(0.025, moods=(1.0, 1.0)), walked(0.025)).holds


def test_a_look_up_must_cost_nothing_and_be_sure_of_it():
    assert check_look_up(slope(0.0001, 0.0002), 10000).holds
    assert not check_look_up(slope(0.0001, 0.0006), 10000).holds
    assert not check_look_up(slope(0.0004, 0.0002), 10000).holds
    assert check_look_up(slope(0.0001, 0.0006), 1000).holds


def test_one_check_that_does_not_hold_is_enough():
    good, bad = check_aa_pairs(twins(20, 0)), check_look_up(slope(0.1, 0.01), 10000)
    assert finding([good], "nftables").numbers["holds"] == 1
    told = finding([good, bad], "nftables")
    assert told.numbers["holds"] == 0
    assert "conclude nothing" in told.statement


def test_a_known_delay_is_found_by_how_much_more_of_it_takes_longer():
    found = {50: Range(55.0, 54.0, 56.0), 200: Range(205.0, 204.0, 206.0)}
    check = check_delay(found, 1, Slope(1.002, 0.99, 1.01, 5.0))
    assert check.holds
    assert check.figures == (
        "with a known delay, one passage of it, the first packet took longer by: 50 us as 55.0 (54.0 to 56.0) us, "
        "200 us as 205.0 (204.0 to 206.0) us; a microsecond of delay more is found as 1.002 us (0.990 to 1.010), "
        "and 5.0 us are the timers' own"
    )
    assert not check_delay(found, 2, Slope(0.5, 0.49, 0.51, 5.0)).holds
