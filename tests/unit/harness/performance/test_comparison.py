import math
from dataclasses import replace

import numpy as np
import pytest

from clusters.errors import Refused, UsageError
from harness.performance.comparison import compare, mode_costs
from reports.model import Finding, RunResults
from tests.unit.reports.sample import RUN, measured

HUGE = 10**400
"""A whole number, as JSON may hold it, that no float can."""

SERVICES = (0, 100, 1000, 5000, 10000, 0)


def run(mode, per_1000_us, fixed_us=60.0, **fields):
    packets = tuple(measured(services, p50=fixed_us + per_1000_us * services / 1000) for services in SERVICES)
    kept = replace(measured(0, p50=500.0), name="request_kept", conditions={"clock": "wall", "services": 0})
    results = RunResults(run=replace(RUN, id=f"a-{mode}", mode=mode), measurements=(*packets, kept))
    return replace(results, **fields)


IPTABLES, NFTABLES = run("iptables", 40), run("nftables", 0, fixed_us=80.0)


def test_first_packets_are_told_at_both_ends_and_where_modes_are_even():
    first = next(compare(IPTABLES, NFTABLES, ()))
    assert first.startswith("In iptables mode a first packet takes 20.0")
    assert "us less than in nftables mode without other Services and 380.0" in first
    assert "us more with 10,000; it takes less in nftables mode from 500 Services on (" in first


def test_two_runs_tell_the_same_in_either_order():
    def uneven(results, error_us, kept_us):
        generator = np.random.default_rng(3)
        moved = tuple(
            replace(found, quantiles={**found.quantiles, "p50": found.quantiles["p50"] + generator.normal(0, error_us)})
            for found in results.measurements[:-1]
        )
        kept = replace(results.measurements[-1], quantiles={"p50": kept_us})
        return replace(results, measurements=(*moved, kept))

    ours, theirs = uneven(IPTABLES, 4.0, 480.0), uneven(NFTABLES, 3.0, 530.0)
    assert list(compare(ours, theirs, (1.0, 0.1, 0.01))) == list(compare(theirs, ours, (1.0, 0.1, 0.01)))


def test_two_runs_are_refused_for_the_same_reason_in_either_order():
    other = replace(NFTABLES, run=replace(NFTABLES.run, kernel="6.19"))
    told = set()
    for pair in ((IPTABLES, other), (other, IPTABLES)):
        with pytest.raises(Refused) as refusal:
            list(compare(*pair, (1.0,)))
        told.add(str(refusal.value))
    assert told == {"the runs differ in kernel: 6.18 and 6.19 (compare runs of one host)"}


def test_each_share_of_new_connections_has_its_number_of_services():
    _, all_new, some, few = compare(IPTABLES, NFTABLES, (1.0, 0.1, 0.01))
    assert all_new.startswith("With 100% of requests on new connections a request costs at least 1% less in nftables")
    assert "from 645 Services on" in all_new
    assert "from 1,770 Services on" in some
    assert few.endswith("a request costs at least 1% less in neither mode, up to 10,000 Services.")


def test_a_mode_that_is_better_throughout_is_told_so():
    first, second = compare(IPTABLES, run("nftables", 0, fixed_us=40.0), (1.0,))
    assert first.endswith("it takes less in nftables mode at every number of Services up to 10,000.")
    assert second.endswith("at least 1% less in nftables mode at every number of Services up to 10,000.")


def test_runs_that_cannot_tell_say_so():
    def restless(results, *medians_us):
        steps = zip(SERVICES, medians_us, strict=True)
        packets = tuple(measured(services, p50=median_us) for services, median_us in steps)
        return replace(results, measurements=(*packets, results.measurements[-1]))

    ours = restless(IPTABLES, 60.0, 90.0, 40.0, 80.0, 70.0, 100.0)
    first, second = compare(ours, restless(NFTABLES, 80.0, 50.0, 90.0, 60.0, 80.0, 70.0), (1.0,))
    assert first.endswith("; these runs cannot tell where it takes less.")
    assert second.endswith(" these runs cannot tell in which mode a request costs at least 1% less.")


def baseline_corrected(results, baseline_us, times):
    """The same with first packets less a floor of so many microseconds, each of which goes with `times` of theirs."""
    made = tuple(
        replace(
            found,
            name="first_packet_less_floor",
            conditions={**found.conditions, "floor_us": baseline_us, "times_floor": times},
        )
        for found in results.measurements
        if found.name == "first_packet"
    )
    return replace(results, measurements=(*results.measurements, *made))


def test_first_packets_of_two_runs_are_compared_as_if_the_floor_had_been_the_same():
    ours, theirs = mode_costs(baseline_corrected(IPTABLES, 20.0, 5.0), baseline_corrected(NFTABLES, 24.0, 4.0))
    assert ours.first_packet[0] == (0, 60.0 + 2.0 * 5.0)
    assert theirs.first_packet[0] == (0, 80.0 - 2.0 * 4.0)
    assert (ours.common_error, theirs.common_error) == (pytest.approx(2.0), pytest.approx(1.6))


def test_a_step_from_which_nothing_may_be_concluded_is_left_out():
    wrong = replace(measured(2000, p50=9000.0), flags=("in no conclusion: the kernels have not followed",))
    invalidated = replace(NFTABLES, measurements=(*NFTABLES.measurements, wrong))
    assert mode_costs(IPTABLES, invalidated) == mode_costs(IPTABLES, NFTABLES)


def test_where_one_run_knows_no_floor_both_are_taken_as_they_are():
    for ours, theirs in (
        (baseline_corrected(IPTABLES, 20.0, 5.0), NFTABLES),
        (IPTABLES, baseline_corrected(NFTABLES, 24.0, 4.0)),
    ):
        costs = mode_costs(ours, theirs)
        assert [cost.first_packet[0] for cost in costs] == [(0, 60.0), (0, 80.0)]
        assert [cost.common_error for cost in costs] == [0.0, 0.0]


def test_runs_of_different_hosts_or_substrates_are_never_set_side_by_side():
    other = replace(NFTABLES, run=replace(NFTABLES.run, substrate="uml"))
    with pytest.raises(Refused, match="the runs differ in substrate: host and uml"):
        list(compare(IPTABLES, other, (1.0,)))
    with pytest.raises(Refused, match="both runs are of iptables mode"):
        list(compare(IPTABLES, IPTABLES, (1.0,)))


def with_floors(results, *baselines_us):
    baselines = tuple(
        replace(measured(0, p50=baseline_us), name="generator_floor", conditions={"clock": "kernel"})
        for baseline_us in baselines_us
    )
    return replace(results, measurements=(*results.measurements, *baselines))


def test_a_host_that_has_become_slower_between_two_runs_is_not_taken_for_a_mode():
    ours, theirs = with_floors(IPTABLES, 14.0, 15.0), with_floors(NFTABLES, 19.5, 22.0)
    for pair in ((ours, theirs), (theirs, ours)):
        with pytest.raises(Refused, match=r"14\.0 to 15\.0 us in run a-iptables"):
            list(compare(*pair, (1.0,)))
    assert list(compare(ours, with_floors(NFTABLES, 14.5, 22.0), (1.0,)))
    assert list(compare(ours, NFTABLES, (1.0,)))


def test_a_run_whose_own_check_does_not_hold_is_compared_with_nothing():
    unsound = run("nftables", 0, findings=(Finding("self-check", "Twins are apart.", {"holds": 0}, ""),))
    with pytest.raises(Refused, match="nothing is to be concluded"):
        list(compare(IPTABLES, unsound, (1.0,)))


def test_a_run_without_a_sweep_says_how_to_make_one():
    with pytest.raises(UsageError, match="tox -e perf-iptables"):
        mode_costs(replace(IPTABLES, measurements=()), NFTABLES)
    with pytest.raises(UsageError, match="run a-iptables holds no whole sweep"):
        mode_costs(NFTABLES, replace(IPTABLES, measurements=IPTABLES.measurements[:-1]))
    with pytest.raises(UsageError, match="run a-iptables holds no whole sweep"):
        mode_costs(NFTABLES, replace(IPTABLES, measurements=IPTABLES.measurements[-4:]))


def changed(results, place, **fields):
    """The results with other fields in one measurement; those that are dicts are added to."""
    found = results.measurements[place]
    new = {name: {**getattr(found, name), **value} for name, value in fields.items()}
    measurements = list(results.measurements)
    measurements[place] = replace(found, **new)
    return replace(results, measurements=tuple(measurements))


@pytest.mark.parametrize("p50", [math.nan, math.inf, -math.inf, 1e300, HUGE])
@pytest.mark.parametrize("place", [2, -1])
def test_a_figure_that_was_not_measured_is_refused(p50, place):
    odd = changed(IPTABLES, place, quantiles={"p50": p50})
    for pair in ((odd, NFTABLES), (NFTABLES, odd)):
        with pytest.raises(
            UsageError, match=r"run a-iptables cannot be compared: p50 of \w+ is .*was expected"
        ) as refused:
            list(compare(*pair, (1.0,)))
        assert len(str(refused.value)) < 200


@pytest.mark.parametrize("p50", [math.nan, -1.0, HUGE])
def test_a_generators_floor_that_was_not_measured_is_refused(p50):
    odd = changed(with_floors(IPTABLES, 14.0, 15.0), -1, quantiles={"p50": p50})
    with pytest.raises(UsageError, match="p50 of generator_floor is"):
        list(compare(odd, with_floors(NFTABLES, 14.5), (1.0,)))


@pytest.mark.parametrize("services", [None, "many", True, -1, math.nan, HUGE, [5], 1e300])
def test_a_number_of_services_that_is_none_is_refused(services):
    odd = changed(IPTABLES, 2, conditions={"services": services})
    with pytest.raises(UsageError, match=r"services of first_packet is .*a number from 0 to 10,000,000 was expected"):
        list(compare(odd, NFTABLES, (1.0,)))


@pytest.mark.parametrize("condition", ["floor_us", "times_floor"])
@pytest.mark.parametrize("value", [None, "20", math.nan, math.inf])
def test_a_floor_that_is_no_number_is_refused(condition, value):
    ours, theirs = baseline_corrected(IPTABLES, 20.0, 5.0), baseline_corrected(NFTABLES, 24.0, 4.0)
    odd = changed(ours, -1, conditions={condition: value})
    with pytest.raises(UsageError, match=f"{condition} of first_packet_less_floor is"):
        list(compare(odd, theirs, (1.0,)))
    missing = replace(ours.measurements[-1], conditions={"clock": "kernel", "position": "end", "services": 0})
    with pytest.raises(UsageError, match="floor_us of first_packet_less_floor is None"):
        list(compare(replace(ours, measurements=(*ours.measurements, missing)), theirs, (1.0,)))


def test_what_concludes_nothing_may_hold_anything():
    odd = changed(IPTABLES, 2, quantiles={"p50": math.nan})
    measurements = list(odd.measurements)
    measurements[2] = replace(measurements[2], flags=("in no conclusion: nothing answered",))
    assert list(compare(replace(odd, measurements=tuple(measurements)), NFTABLES, (1.0,)))


def test_steps_at_one_number_of_services_are_no_sweep():
    odd = IPTABLES
    for place in range(len(SERVICES)):
        odd = changed(odd, place, conditions={"services": 100})
    with pytest.raises(UsageError, match="holds no whole sweep"):
        list(compare(odd, NFTABLES, (1.0,)))


def test_a_check_of_itself_that_says_nothing_does_not_hold():
    for numbers in ({}, {"holds": None}, {"holds": math.nan}, {"holds": "1"}):
        odd = replace(IPTABLES, findings=(Finding("self-check", "It holds.", numbers, ""),))
        with pytest.raises(Refused, match="nothing is to be concluded"):
            list(compare(odd, NFTABLES, (1.0,)))
