import math
from dataclasses import replace

import numpy as np
import pytest

from clusters.errors import UsageError
from harness.performance.comparison.mode_costs import mode_costs
from reports.model import ClaimResult, Verdict
from tests.unit.harness.performance.comparison.sample import (
    IPTABLES,
    NFTABLES,
    SERVICES,
    changed,
    compare,
    on_uml,
    run,
    with_baselines,
    with_control,
)
from tests.unit.reports.sample import measured


def test_first_packets_are_compared_at_both_ends_and_at_break_even():
    first = next(compare([IPTABLES, NFTABLES], ()))
    assert first.startswith("In iptables mode a first packet takes 20.0")
    assert "us less than in nftables mode without other Services and 380.0" in first
    assert "us more with 10,000; it takes less in nftables mode from 500 Services on (95% interval " in first


def test_the_mode_that_grows_more_is_named():
    more = "A first packet grows by 40.000"
    assert list(compare([IPTABLES, NFTABLES], ()))[1].startswith(more)
    _, growth = compare([run("iptables", 0), run("nftables", 40)], ())
    assert growth.startswith(more)
    assert growth.endswith(" us per 1,000 Services more in nftables mode than in iptables mode.")


def test_two_runs_give_the_same_result_in_either_order():
    def with_errors(results, error_us, kept_us):
        generator = np.random.default_rng(3)
        packets = tuple(
            replace(found, quantiles={**found.quantiles, "p50": found.quantiles["p50"] + generator.normal(0, error_us)})
            for found in results.measurements[:-1]
        )
        kept = replace(results.measurements[-1], quantiles={"p50": kept_us})
        return replace(results, measurements=(*packets, kept))

    ours, theirs = with_errors(IPTABLES, 4.0, 480.0), with_errors(NFTABLES, 3.0, 530.0)
    assert list(compare([ours, theirs], (1.0, 0.1, 0.01))) == list(compare([theirs, ours], (1.0, 0.1, 0.01)))


def test_each_share_of_new_connections_has_its_own_number_of_services():
    _, _, all_new, some, few = compare([IPTABLES, NFTABLES], (1.0, 0.1, 0.01))
    assert all_new.startswith(
        "With 100% of requests on new connections, a request takes at least 1% less time in nftables mode"
    )
    assert "from 645 Services on" in all_new
    assert "from 1,770 Services on" in some
    assert few.endswith("a request takes at least 1% less time in neither mode, up to 10,000 Services.")


def test_a_mode_that_is_faster_at_every_number_of_services_is_reported_as_such():
    first, _, second = compare([IPTABLES, run("nftables", 0, fixed_us=40.0)], (1.0,))
    assert first.endswith("it takes less in nftables mode at every number of Services up to 10,000.")
    assert second.endswith("at least 1% less time in nftables mode at every number of Services up to 10,000.")


def test_runs_with_too_much_scatter_allow_no_conclusion():
    def with_medians(results, *medians_us):
        steps = zip(SERVICES, medians_us, strict=True)
        packets = tuple(measured(services, p50=median_us) for services, median_us in steps)
        return replace(results, measurements=(*packets, results.measurements[-1]))

    ours = with_medians(IPTABLES, 60.0, 90.0, 40.0, 80.0, 70.0, 100.0)
    first, growth, second = compare([ours, with_medians(NFTABLES, 80.0, 50.0, 90.0, 60.0, 80.0, 70.0)], (1.0,))
    assert first.endswith("; these runs cannot tell at which numbers of Services it takes less.")
    assert growth.startswith("No difference in the growth of a first packet was detected: ")
    assert second.endswith(" these runs cannot tell in which mode a request takes at least 1% less time.")


def test_first_packets_of_two_runs_are_compared_above_the_same_control():
    """The host was 4 us slower in the second run, as its control shows."""
    ours, theirs = mode_costs([with_control(IPTABLES, 40.0), with_control(NFTABLES, 44.0)])
    assert ours.first_packet[0] == (0, 20.0 + 42.0)
    assert theirs.first_packet[0] == (0, 36.0 + 42.0)
    assert (ours.kept, theirs.kept) == (500.0 - 40.0 + 42.0, 500.0 - 44.0 + 42.0)


def test_two_runs_are_compared_as_measured_if_one_has_no_control():
    for ours, theirs in ((with_control(IPTABLES, 40.0), NFTABLES), (IPTABLES, with_control(NFTABLES, 44.0))):
        assert [cost.first_packet[0] for cost in mode_costs([ours, theirs])] == [(0, 60.0), (0, 80.0)]


def test_an_invalid_step_is_left_out():
    wrong = replace(measured(2000, p50=9000.0), invalid_reason="the kernels were not programmed in time")
    invalidated = replace(NFTABLES, measurements=(*NFTABLES.measurements, wrong))
    assert mode_costs([IPTABLES, invalidated]) == mode_costs([IPTABLES, NFTABLES])


def test_runs_of_one_mode_are_pooled():
    second = replace(run("nftables", 0, fixed_us=84.0), run=replace(NFTABLES.run, id="b-nftables"))
    ours, theirs = mode_costs([NFTABLES, IPTABLES, second])
    assert [us for _, us in ours.first_packet] == pytest.approx([60.0, 64.0, 100.0, 260.0, 460.0, 60.0])
    assert [median_us for _, median_us in theirs.first_packet] == pytest.approx([82.0] * 2 * len(SERVICES))
    # Two runs that differ by 4 us have a standard deviation of 4 / sqrt(2), and their mean half that variance.
    assert (theirs.run_error, theirs.run_freedom) == (pytest.approx(2.0), 1)
    assert (ours.run_error, ours.run_freedom) == (pytest.approx(math.sqrt(8.0)), 1)
    first = next(compare([second, IPTABLES, NFTABLES], ()))
    assert first.startswith("In iptables mode a first packet takes 22 (-")


def test_three_modes_are_compared_two_at_a_time():
    sentences = list(compare([NFTABLES, run("ipvs", 1, fixed_us=150.0), IPTABLES], ()))
    assert [sentence.partition(" a first packet")[0] for sentence in sentences[::2]] == [
        "In iptables mode",
        "In iptables mode",
        "In ipvs mode",
    ]
    assert sentences[4].endswith("it takes less in nftables mode at every number of Services up to 10,000.")


def test_the_comparison_says_how_fast_the_host_was_in_each_mode():
    first, *_ = compare([with_control(IPTABLES, 40.0), with_control(NFTABLES, 43.0)], (1.0,))
    assert "40.0 us (40.0 to 40.0 in single steps) in iptables mode, 43.0 us (43.0 to 43.0" in first
    assert "without connection tracking" not in next(compare([IPTABLES, with_control(NFTABLES, 43.0)], (1.0,)))


def test_the_error_of_a_run_without_a_sweep_names_the_command_for_one():
    with pytest.raises(UsageError, match="tox -e perf-iptables"):
        mode_costs([replace(IPTABLES, measurements=()), NFTABLES])
    with pytest.raises(UsageError, match="run a-iptables contains no complete sweep"):
        mode_costs([NFTABLES, replace(IPTABLES, measurements=IPTABLES.measurements[:-1])])
    with pytest.raises(UsageError, match="run a-iptables contains no complete sweep"):
        mode_costs([NFTABLES, replace(IPTABLES, measurements=IPTABLES.measurements[-4:])])


def test_steps_at_a_single_number_of_services_are_not_a_sweep():
    odd = IPTABLES
    for place in range(len(SERVICES)):
        odd = changed(odd, place, conditions={"services": 100})
    with pytest.raises(UsageError, match="contains no complete sweep"):
        list(compare([odd, NFTABLES], (1.0,)))


def test_measurements_of_an_experiment_are_left_out():
    apart = replace(measured(2000, p50=9000.0), conditions=replace(measured(2000).conditions, experiment="one node"))
    assert mode_costs([IPTABLES, replace(NFTABLES, measurements=(*NFTABLES.measurements, apart))]) == mode_costs(
        [IPTABLES, NFTABLES]
    )


def test_each_substrate_is_compared_by_itself_and_then_both():
    sentences = list(compare([IPTABLES, on_uml(IPTABLES), NFTABLES, on_uml(NFTABLES)], ()))
    assert sentences[0].startswith("Substrate host: In iptables mode a first packet takes 20")
    assert sentences[2].startswith("Substrate uml: In iptables mode a first packet takes 20")
    assert sentences[4].startswith("Substrates host and uml, iptables against nftables: they agree on the first packet")
    assert len(sentences) == 5


def test_the_behaviour_of_runs_without_a_sweep_is_compared():
    decided = ClaimResult("2.5", "A text.", Verdict.CONFIRMED, "", "", ())
    behaviour = [
        replace(results, measurements=(), claims=(decided,), run=replace(results.run, id=f"c-{results.run.mode}"))
        for results in (IPTABLES, NFTABLES)
    ]
    assert len(list(compare([*behaviour, IPTABLES, NFTABLES], (1.0,)))) == 4
    (sentence,) = compare(behaviour, (1.0,))
    assert sentence.endswith("with different verdicts: none.")


def test_the_behaviour_of_runs_is_compared_although_the_host_was_slower_in_one():
    decided = ClaimResult("2.5", "A text.", Verdict.CONFIRMED, "", "", ())
    quick, slow = (
        with_baselines(replace(results, measurements=(), claims=(decided,)), us)
        for results, us in ((IPTABLES, 14.0), (NFTABLES, 25.0))
    )
    assert len(list(compare([quick, slow], (1.0,)))) == 1
