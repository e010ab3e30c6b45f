"""Tests with the examples of the documentation, and with autoscalers that violate it.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
"""

import pytest

from harness.autoscaling.expectation import right_counts, wrong_samples
from harness.autoscaling.model import AutoscalerSample, Direction, PodSeen, Policy, Rules, recommendations

FAST_UP = Direction((Policy("Pods", 4, 15), Policy("Percent", 100, 15)))
FAST_DOWN = Direction((Policy("Percent", 100, 15),))
LONG_AGO, JUST_NOW = -1000.0, 95.0


def rules(target=50, lowest=1, highest=10, up=FAST_UP, down=FAST_DOWN):
    return Rules(lowest, highest, target, up, down)


def sample(current, desired, utilization, *, at_s=100.0, unsettled=0, spec=None):
    ready_at_s = [LONG_AGO] * (current - unsettled) + [JUST_NOW] * unsettled
    pods = tuple(PodSeen(f"pod-{number}", ready_s) for number, ready_s in enumerate(ready_at_s))
    return AutoscalerSample(at_s, spec or rules(), current, desired, utilization, utilization, pods, {})


@pytest.mark.parametrize(
    ("current", "utilization", "desired"),
    [
        (1, 100, 2),  # documented: 200m where 100m are wanted doubles the replicas
        (2, 25, 1),  # documented: 50m instead halves them
        (1, 127, 3),
        (3, 55, 3),  # documented: no action within a tolerance of 0.1
        (3, 45, 3),
        (3, 56, 4),
        (4, 44, 4),
        (4, 37, 3),
        (4, 1, 1),
    ],
)
def test_the_formula_rounds_up_and_tolerates_a_tenth(current, utilization, desired):
    assert recommendations(sample(current, desired, utilization)) == {desired}


def test_new_pods_are_assumed_idle_when_scaling_up():
    # 150% with a target of 50%: one, two or all three of the pods may have had a metric that counts.
    assert recommendations(sample(3, 3, 150, unsettled=2)) == {3, 6, 9}


def test_pods_without_a_metric_are_assumed_busy_when_scaling_down():
    # Ten pods at 10%: 2. If the tenth pod has no metric, it is assumed at 100%: 190 / 10 = 19%, so 4.
    assert recommendations(sample(10, 4, 10, unsettled=1)) == {2, 4}


def test_the_second_calculation_does_not_reverse_the_direction():
    # One pod at 60%, one assumed idle: 30% with a target of 50% would mean scaling down.
    assert 1 not in recommendations(sample(2, 2, 60, unsettled=1))


def test_without_a_metric_only_the_current_count_is_right():
    samples = [sample(3, 0, None), sample(3, 3, None, at_s=115)]
    assert wrong_samples(samples) == ()
    assert right_counts([*samples, sample(3, 6, None, at_s=130)], 2) == {3}


def test_an_autoscaler_that_ignores_its_bounds_is_wrong():
    assert wrong_samples([sample(4, 16, 200)]) == (
        "4 replicas at 200% (target 50%), 16 desired, 4 settled (); right: [8]",
    )
    assert wrong_samples([sample(4, 5, 200, spec=rules(highest=5))]) == ()
    assert wrong_samples([sample(4, 8, 200, spec=rules(highest=5))]) == (
        "4 replicas at 200% (target 50%), 8 desired, 4 settled (); right: [5]",
    )
    assert wrong_samples([sample(4, 1, 1, spec=rules(lowest=2))]) != ()
    assert wrong_samples([sample(4, 2, 1, spec=rules(lowest=2))]) == ()


def test_counts_out_of_bounds_are_corrected_without_a_metric():
    assert right_counts([sample(1, 2, None, spec=rules(lowest=2))], 0) == {2}
    assert right_counts([sample(9, 4, None, spec=rules(highest=4))], 0) == {4}


def test_an_autoscaler_that_acts_on_twice_its_metric_is_wrong():
    assert wrong_samples([sample(2, 6, 75)]) == ("2 replicas at 75% (target 50%), 6 desired, 2 settled (); right: [3]",)


def test_an_autoscaler_that_never_acts_is_wrong():
    assert wrong_samples([sample(2, 2, 100)]) == (
        "2 replicas at 100% (target 50%), 2 desired, 2 settled (); right: [4]",
    )


def test_scaling_down_waits_for_the_window():
    spec = rules(down=Direction(FAST_DOWN.policies, window_s=60))
    high = sample(4, 4, 50, at_s=100, spec=spec)
    low = [sample(4, desired, 10, at_s=at_s, spec=spec) for at_s, desired in ((115, 4), (130, 4), (145, 4), (175, 1))]
    assert wrong_samples([high, *low]) == ()
    too_early = sample(4, 1, 10, at_s=130, spec=spec)
    assert wrong_samples([high, low[0], too_early]) == (
        "4 replicas at 10% (target 50%), 1 desired, 4 settled (); right: [4]",
    )


def test_the_highest_recommendation_of_a_window_for_scaling_down_counts():
    spec = rules(down=Direction(FAST_DOWN.policies, window_s=60))
    samples = [sample(8, 8, 50, at_s=100, spec=spec), sample(8, 8, 25, at_s=130, spec=spec)]
    samples += [sample(8, 4, 1, at_s=175, spec=spec)]
    assert wrong_samples(samples) == ()
    assert wrong_samples([*samples[:2], sample(8, 1, 1, at_s=175, spec=spec)]) != ()


def test_the_lowest_recommendation_of_a_window_for_scaling_up_counts():
    spec = rules(up=Direction(FAST_UP.policies, window_s=60))
    assert right_counts([sample(2, 2, 50, at_s=100, spec=spec), sample(2, 2, 100, at_s=115, spec=spec)], 1) == {2}


def test_the_first_count_is_the_first_recommendation():
    spec = rules(down=Direction(FAST_DOWN.policies, window_s=60))
    assert right_counts([sample(4, 4, 1, spec=spec)], 0) == {4}


def test_a_policy_limits_the_change_within_a_period():
    spec = rules(up=Direction((Policy("Pods", 1, 25),)))
    samples = [sample(1, 2, 500, at_s=100, spec=spec), sample(2, 2, 500, at_s=115, spec=spec)]
    samples += [sample(2, 3, 500, at_s=130, spec=spec)]
    assert wrong_samples(samples) == ()
    assert wrong_samples([sample(1, 3, 500, spec=spec)]) == (
        "1 replicas at 500% (target 50%), 3 desired, 1 settled (); right: [2]",
    )
    assert wrong_samples([samples[0], sample(2, 3, 500, at_s=115, spec=spec)]) != ()


def test_the_policy_with_the_largest_change_applies_unless_min_is_selected():
    policies = (Policy("Pods", 4, 15), Policy("Percent", 100, 15))
    assert right_counts([sample(8, 16, 500, spec=rules(highest=100))], 0) == {16}
    assert right_counts([sample(2, 6, 500, spec=rules(highest=100))], 0) == {6}
    least = rules(highest=100, up=Direction(policies, select="Min"))
    assert right_counts([sample(8, 12, 500, spec=least)], 0) == {12}


def test_percentages_are_rounded_towards_the_larger_change():
    up = rules(up=Direction((Policy("Percent", 10, 60),)))
    assert right_counts([sample(5, 6, 500, spec=up)], 0) == {6}
    down = rules(down=Direction((Policy("Percent", 10, 60),)))
    assert right_counts([sample(5, 4, 1, spec=down)], 0) == {4}


def test_the_documented_example_of_scaling_down_by_10_percent_a_minute():
    # "80 replicas ... 8 replicas will be reduced ... 72 ... rounded up to 8"
    spec = rules(highest=100, down=Direction((Policy("Percent", 10, 60),)))
    assert wrong_samples([sample(80, 72, 5, at_s=100, spec=spec), sample(72, 64, 5, at_s=170, spec=spec)]) == ()
    assert wrong_samples([sample(80, 72, 5, at_s=100, spec=spec), sample(72, 65, 5, at_s=170, spec=spec)]) != ()
    assert wrong_samples([sample(80, 72, 5, at_s=100, spec=spec), sample(72, 64, 5, at_s=130, spec=spec)]) != ()


def test_the_documented_example_of_scaling_up_by_900_percent_a_minute():
    # "1 -> 10 -> 100 -> 1000"
    spec = rules(highest=1000, up=Direction((Policy("Percent", 900, 60),)))
    steps = [sample(count, count * 10, 5000, at_s=100 * number, spec=spec) for number, count in enumerate((1, 10, 100))]
    assert wrong_samples(steps) == ()


def test_a_disabled_direction_never_scales():
    spec = rules(down=Direction(FAST_DOWN.policies, select="Disabled"))
    assert right_counts([sample(4, 4, 1, spec=spec)], 0) == {4}
