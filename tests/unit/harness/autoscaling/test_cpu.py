"""Tests of the comparison of reported CPU usage with the kernel's counters, for true and for false values."""

import pytest

from clusters.errors import WorldError
from harness.autoscaling.cpu import CpuComparison, Reading, compare_cpu
from harness.autoscaling.model import AutoscalerSample, Direction, PodSeen, Rules

RULES = Rules(1, 4, 50, Direction(()), Direction(()))


def sample(average_m, *names):
    pods = tuple(PodSeen(name, 0.0) for name in names or ("pod",))
    return AutoscalerSample(100.0, RULES, len(pods), len(pods), average_m, average_m, pods, {})


def steady(share):
    return [Reading(at_s, at_s * share) for at_s in range(120)]


def test_a_true_value_agrees_and_is_decisive():
    found = compare_cpu(sample(125), {"pod": steady(0.125)}, 50)
    assert found.agrees
    assert found.decisive
    assert (round(found.lowest_m), round(found.highest_m)) == (125, 125)


@pytest.mark.parametrize("false_m", [250, 63, 0])
def test_twice_or_half_the_true_value_disagrees(false_m):
    assert not compare_cpu(sample(false_m), {"pod": steady(0.125)}, 50).agrees


def test_cpu_used_before_the_start_time_does_not_count():
    readings = [Reading(60, 0.0), *(Reading(at_s, 10.0 + at_s * 0.1) for at_s in range(61, 120))]
    assert compare_cpu(sample(100), {"pod": readings}, 61).highest_m < 101
    assert compare_cpu(sample(100), {"pod": readings}, 60).highest_m > 500


def test_readings_after_the_sample_do_not_count():
    readings = [Reading(at_s, at_s * 0.1 if at_s <= 100 else at_s) for at_s in range(120)]
    assert compare_cpu(sample(100), {"pod": readings}, 0).highest_m < 101


def test_an_average_lies_between_the_least_and_the_most_busy_pod():
    found = compare_cpu(sample(80, "idle", "busy"), {"idle": steady(0.05), "busy": steady(0.1)}, 0)
    assert (round(found.lowest_m), round(found.highest_m)) == (50, 100)
    assert not found.decisive


def test_a_sample_without_an_average_or_readings_is_an_environment_error():
    for average_m, readings, since_s in (
        (None, {"pod": steady(0.1)}, 0),
        (100, {}, 0),
        (100, {"pod": steady(0.1)}, 99),
    ):
        with pytest.raises(WorldError, match="there are no CPU readings of the pods to compare"):
            compare_cpu(sample(average_m), readings, since_s)


@pytest.mark.parametrize(("lowest_m", "highest_m", "decisive"), [(100, 150, True), (100, 170, False), (4, 4, False)])
def test_limits_that_a_false_value_would_meet_are_not_decisive(lowest_m, highest_m, decisive):
    assert CpuComparison(120, lowest_m, highest_m).decisive is decisive


def test_a_comparison_is_formatted_in_words():
    assert str(CpuComparison(250, 120.0, 126.4)) == "250m reported, 120m to 126m by the kernel's counters"
    indecisive = "93m reported, 68m to 122m by the kernel's counters (too far apart to rule out a factor of 2)"
    assert str(CpuComparison(93, 68.0, 122.0)) == indecisive
