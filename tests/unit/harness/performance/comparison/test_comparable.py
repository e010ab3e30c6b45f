import math
from dataclasses import replace

import pytest

from clusters.errors import Refused, UsageError
from reports.model import Interval
from reports.model.findings import GrowthConclusion, GrowthFinding, SelfCheckFinding
from tests.unit.harness.performance.comparison.sample import (
    IPTABLES,
    NFTABLES,
    changed,
    compare,
    run,
    self_check,
    with_baselines,
    with_control,
)

HUGE = 10**400
"""An integer that JSON can hold, but that is too large for a float."""


def test_two_runs_are_refused_for_the_same_reason_in_either_order():
    other = replace(NFTABLES, run=replace(NFTABLES.run, kernel="6.19"))
    reasons = set()
    for pair in ((IPTABLES, other), (other, IPTABLES)):
        with pytest.raises(Refused) as refusal:
            list(compare(pair, (1.0,)))
        reasons.add(str(refusal.value))
    assert reasons == {"the runs differ in kernel: 6.18 and 6.19 (compare runs of one host)"}


def test_runs_of_different_substrates_or_of_the_same_mode_are_refused():
    other = replace(NFTABLES, run=replace(NFTABLES.run, substrate="uml"))
    with pytest.raises(
        Refused,
        match="no two modes on one substrate were named: only iptables mode on substrate host, nftables mode on substrate uml",
    ):
        list(compare([IPTABLES, other], (1.0,)))
    with pytest.raises(Refused, match="only iptables mode on substrate host"):
        list(compare([IPTABLES, replace(IPTABLES, run=replace(IPTABLES.run, id="b"))], (1.0,)))
    with pytest.raises(UsageError, match="run a-iptables was named twice"):
        list(compare([IPTABLES, NFTABLES, IPTABLES], (1.0,)))


def test_two_runs_of_one_mode_are_refused_if_they_differ_in_growth_by_more_than_their_intervals_allow():
    def grown(run_id, low, high):
        us = Interval(value=(low + high) / 2, low=low, high=high)
        found = GrowthFinding(
            mode="iptables",
            conclusion=GrowthConclusion.GROWS,
            per_1000_services_us=us,
            at_zero_us=60.0,
            most_services=10000,
            steps=6,
        )
        return replace(IPTABLES, run=replace(IPTABLES.run, id=run_id), findings=(found,))

    first, alike, other = grown("first", 8.8, 13.1), grown("alike", 12.0, 15.0), grown("other", 17.8, 33.0)
    assert list(compare([first, alike, NFTABLES], ()))
    differ = r"in iptables mode differ.* 10\.9 us \(8\.8 to 13\.1\) in run first and by 25\.4 us .* in run other"
    with pytest.raises(Refused, match=differ):
        compare([first, other, NFTABLES], ())


def test_two_runs_are_refused_if_their_controls_are_far_apart():
    ours, theirs = with_control(IPTABLES, 40.0), with_control(NFTABLES, 54.0)
    for pair in ((ours, theirs), (theirs, ours)):
        with pytest.raises(Refused, match=r"without connection tracking took 40\.0 to 40\.0 us in run a-iptables"):
            list(compare(pair, (1.0,)))


def test_two_runs_are_compared_if_their_controls_are_a_few_percent_apart():
    ours, theirs = with_control(IPTABLES, 40.0), with_control(NFTABLES, 43.0)
    assert list(compare([with_baselines(ours, 10.0, 11.0), with_baselines(theirs, 12.0, 13.0)], (1.0,)))


def test_runs_without_a_control_are_refused_if_the_ranges_of_their_baselines_do_not_overlap():
    ours, theirs = with_baselines(IPTABLES, 9.5, 10.4, 11.1), with_baselines(NFTABLES, 11.2, 11.4, 11.9)
    with pytest.raises(Refused, match=r"loopback baseline took 9\.5 to 11\.1 us"):
        list(compare([ours, theirs], (1.0,)))


def test_two_runs_without_a_control_are_compared_if_one_of_them_has_no_baseline_or_baselines_overlap():
    ours, theirs = with_baselines(IPTABLES, 14.0, 15.0), with_baselines(NFTABLES, 19.5, 22.0)
    for pair in ((ours, theirs), (theirs, ours)):
        with pytest.raises(Refused, match=r"14\.0 to 15\.0 us in run a-iptables"):
            list(compare(pair, (1.0,)))
    assert list(compare([ours, with_baselines(NFTABLES, 14.5, 22.0)], (1.0,)))
    assert list(compare([ours, NFTABLES], (1.0,)))


def test_a_run_whose_self_check_failed_is_refused():
    failed = run("nftables", 0, findings=(self_check(holds=False),))
    with pytest.raises(Refused, match="run a-nftables failed its self-check, so nothing may be concluded"):
        list(compare([IPTABLES, failed], (1.0,)))


@pytest.mark.parametrize("p50", [math.nan, math.inf, -math.inf, 1e300, HUGE])
@pytest.mark.parametrize("place", [2, -1])
def test_an_impossible_median_is_refused(p50, place):
    odd = changed(IPTABLES, place, quantiles={"p50": p50})
    for pair in ((odd, NFTABLES), (NFTABLES, odd)):
        with pytest.raises(
            UsageError, match=r"run a-iptables cannot be compared: p50 of \w+ is .*was expected"
        ) as refused:
            list(compare(pair, (1.0,)))
        assert len(str(refused.value)) < 200


@pytest.mark.parametrize("p50", [math.nan, -1.0, HUGE])
def test_an_impossible_baseline_is_refused(p50):
    odd = changed(with_baselines(IPTABLES, 14.0, 15.0), -1, quantiles={"p50": p50})
    with pytest.raises(UsageError, match="p50 of baseline is"):
        list(compare([odd, with_baselines(NFTABLES, 14.5)], (1.0,)))


@pytest.mark.parametrize("services", [None, "many", True, -1, math.nan, HUGE, [5], 1e300])
def test_an_impossible_number_of_services_is_refused(services):
    odd = changed(IPTABLES, 2, conditions={"services": services})
    with pytest.raises(UsageError, match=r"services of first_packet is .*a number from 0 to 10,000,000 was expected"):
        list(compare([odd, NFTABLES], (1.0,)))


def test_the_figures_of_an_invalid_step_are_not_checked():
    odd = changed(IPTABLES, 2, quantiles={"p50": math.nan})
    measurements = list(odd.measurements)
    measurements[2] = replace(measurements[2], invalid_reason="nothing answered")
    assert list(compare([replace(odd, measurements=tuple(measurements)), NFTABLES], (1.0,)))


def test_a_self_check_that_holds_allows_a_comparison():
    assert list(compare([replace(IPTABLES, findings=(self_check(holds=True),)), NFTABLES], (1.0,)))


def test_a_self_check_without_any_check_counts_as_failed():
    odd = replace(IPTABLES, findings=(SelfCheckFinding(mode="iptables", checks=()),))
    with pytest.raises(Refused, match="nothing may be concluded"):
        list(compare([odd, NFTABLES], (1.0,)))


def test_a_run_that_did_not_finish_or_of_an_unknown_mode_is_refused():
    unfinished = replace(NFTABLES, run=replace(NFTABLES.run, finished=None))
    with pytest.raises(UsageError, match=r"run a-nftables did not finish \(name runs that have ended\)"):
        list(compare([IPTABLES, unfinished], (1.0,)))
    unknown = replace(NFTABLES, run=replace(NFTABLES.run, mode="ebpf"))
    with pytest.raises(UsageError, match="run a-nftables has mode 'ebpf', but one of iptables, ipvs, nftables was"):
        list(compare([IPTABLES, unknown], (1.0,)))
