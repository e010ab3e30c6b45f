"""The examples of https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/, and false autoscalers."""

import pytest

from harness.autoscaling.expectation import right_counts, wrong_samples
from harness.autoscaling.model import AutoscalerSample, Direction, PodSeen, Policy, Rules, recommendations

FAST_UP = Direction((Policy("Pods", 4, 15), Policy("Percent", 100, 15)))
FAST_DOWN = Direction((Policy("Percent", 100, 15),))
LONG_AGO, JUST_NOW = -1000.0, 95.0


def rules(target=50, lowest=1, highest=10, up=FAST_UP, down=FAST_DOWN):
    return Rules(lowest, highest, target, up, down)


def sample(current, desired, utilization, *, at_s=100.0, unsettled=0, told=None):
    ages = [LONG_AGO] * (current - unsettled) + [JUST_NOW] * unsettled
    pods = tuple(PodSeen(f"pod-{number}", age) for number, age in enumerate(ages))
    return AutoscalerSample(at_s, told or rules(), current, desired, utilization, utilization, pods, {})


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


def test_a_pod_that_is_new_is_taken_for_idle_before_a_step_up():
    # At 150% of 50%, if one, two or all three of the pods had a metric that counts.
    assert recommendations(sample(3, 3, 150, unsettled=2)) == {3, 6, 9}


def test_a_pod_without_a_metric_is_taken_for_busy_before_a_step_down():
    # Nine at 10% with a tenth that counts: 2. Without its metric it is at 100%: 190 / 10 = 19%, 4.
    assert recommendations(sample(10, 4, 10, unsettled=1)) == {2, 4}


def test_the_second_calculation_does_not_turn_round():
    # One at 60%, one idle: 30% of 50% would be a step down.
    assert 1 not in recommendations(sample(2, 2, 60, unsettled=1))


def test_without_a_metric_nothing_is_right_but_what_is_there():
    samples = [sample(3, 0, None), sample(3, 3, None, at_s=115)]
    assert wrong_samples(samples) == ()
    assert right_counts([*samples, sample(3, 6, None, at_s=130)], 2) == {3}


def test_an_autoscaler_that_ignores_its_bounds_is_wrong():
    assert wrong_samples([sample(4, 16, 200)]) == ("4 replicas at 200% of 50% to 16, 4 settled (); right: [8]",)
    assert wrong_samples([sample(4, 5, 200, told=rules(highest=5))]) == ()
    assert wrong_samples([sample(4, 8, 200, told=rules(highest=5))]) == (
        "4 replicas at 200% of 50% to 8, 4 settled (); right: [5]",
    )
    assert wrong_samples([sample(4, 1, 1, told=rules(lowest=2))]) != ()
    assert wrong_samples([sample(4, 2, 1, told=rules(lowest=2))]) == ()


def test_counts_out_of_bounds_come_back_without_a_metric():
    assert right_counts([sample(1, 2, None, told=rules(lowest=2))], 0) == {2}
    assert right_counts([sample(9, 4, None, told=rules(highest=4))], 0) == {4}


def test_an_autoscaler_that_acts_on_twice_its_metric_is_wrong():
    assert wrong_samples([sample(2, 6, 75)]) == ("2 replicas at 75% of 50% to 6, 2 settled (); right: [3]",)


def test_an_autoscaler_that_never_acts_is_wrong():
    assert wrong_samples([sample(2, 2, 100)]) == ("2 replicas at 100% of 50% to 2, 2 settled (); right: [4]",)


def test_a_step_down_waits_for_the_window():
    told = rules(down=Direction(FAST_DOWN.policies, window_s=60))
    high = sample(4, 4, 50, at_s=100, told=told)
    low = [sample(4, desired, 10, at_s=at_s, told=told) for at_s, desired in ((115, 4), (130, 4), (145, 4), (175, 1))]
    assert wrong_samples([high, *low]) == ()
    hasty = sample(4, 1, 10, at_s=130, told=told)
    assert wrong_samples([high, low[0], hasty]) == ("4 replicas at 10% of 50% to 1, 4 settled (); right: [4]",)


def test_the_highest_recommendation_of_the_window_counts():
    told = rules(down=Direction(FAST_DOWN.policies, window_s=60))
    samples = [sample(8, 8, 50, at_s=100, told=told), sample(8, 8, 25, at_s=130, told=told)]
    samples += [sample(8, 4, 1, at_s=175, told=told)]
    assert wrong_samples(samples) == ()
    assert wrong_samples([*samples[:2], sample(8, 1, 1, at_s=175, told=told)]) != ()


def test_a_window_before_a_step_up_takes_the_lowest_recommendation():
    told = rules(up=Direction(FAST_UP.policies, window_s=60))
    assert right_counts([sample(2, 2, 50, at_s=100, told=told), sample(2, 2, 100, at_s=115, told=told)], 1) == {2}


def test_what_there_was_at_the_beginning_is_the_first_recommendation():
    told = rules(down=Direction(FAST_DOWN.policies, window_s=60))
    assert right_counts([sample(4, 4, 1, told=told)], 0) == {4}


def test_a_policy_bounds_the_pods_of_a_period():
    told = rules(up=Direction((Policy("Pods", 1, 25),)))
    samples = [sample(1, 2, 500, at_s=100, told=told), sample(2, 2, 500, at_s=115, told=told)]
    samples += [sample(2, 3, 500, at_s=130, told=told)]
    assert wrong_samples(samples) == ()
    assert wrong_samples([sample(1, 3, 500, told=told)]) == (
        "1 replicas at 500% of 50% to 3, 1 settled (); right: [2]",
    )
    assert wrong_samples([samples[0], sample(2, 3, 500, at_s=115, told=told)]) != ()


def test_the_most_generous_policy_wins_unless_the_least_is_asked_for():
    policies = (Policy("Pods", 4, 15), Policy("Percent", 100, 15))
    assert right_counts([sample(8, 16, 500, told=rules(highest=100))], 0) == {16}
    assert right_counts([sample(2, 6, 500, told=rules(highest=100))], 0) == {6}
    least = rules(highest=100, up=Direction(policies, select="Min"))
    assert right_counts([sample(8, 12, 500, told=least)], 0) == {12}


def test_percentages_round_towards_the_larger_change_up_and_down():
    up = rules(up=Direction((Policy("Percent", 10, 60),)))
    assert right_counts([sample(5, 6, 500, told=up)], 0) == {6}
    down = rules(down=Direction((Policy("Percent", 10, 60),)))
    assert right_counts([sample(5, 4, 1, told=down)], 0) == {4}


def test_the_documented_way_down_by_ten_percent_a_minute():
    # "80 replicas ... 8 replicas will be reduced ... 72 ... rounded up to 8"
    told = rules(highest=100, down=Direction((Policy("Percent", 10, 60),)))
    assert wrong_samples([sample(80, 72, 5, at_s=100, told=told), sample(72, 64, 5, at_s=170, told=told)]) == ()
    assert wrong_samples([sample(80, 72, 5, at_s=100, told=told), sample(72, 65, 5, at_s=170, told=told)]) != ()
    assert wrong_samples([sample(80, 72, 5, at_s=100, told=told), sample(72, 64, 5, at_s=130, told=told)]) != ()


def test_the_documented_way_up_by_900_percent_a_minute():
    # "1 -> 10 -> 100 -> 1000"
    told = rules(highest=1000, up=Direction((Policy("Percent", 900, 60),)))
    steps = [sample(count, count * 10, 5000, at_s=100 * number, told=told) for number, count in enumerate((1, 10, 100))]
    assert wrong_samples(steps) == ()


def test_a_disabled_direction_stands_still():
    told = rules(down=Direction(FAST_DOWN.policies, select="Disabled"))
    assert right_counts([sample(4, 4, 1, told=told)], 0) == {4}
