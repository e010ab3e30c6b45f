import numpy as np
import pytest

from harness.statistics.sequence import sequence_statistics

BACKENDS = ("a", "b", "c")


def draws(seed, n=300):
    return [BACKENDS[number] for number in np.random.default_rng(seed).integers(0, 3, n)]


def test_a_rotation_is_recognized_from_any_start():
    found = sequence_statistics([BACKENDS[(number + 1) % 3] for number in range(299)], 3)
    assert found.rotates
    assert not found.independent


def test_each_kind_of_choice_has_its_sentence():
    rotation = [BACKENDS[number % 3] for number in range(300)]
    assert sequence_statistics(rotation, 3).in_words == "Strict rotation."
    assert sequence_statistics(draws(seed=1), 3).in_words == "Independent random choice, no rotation."
    assert sequence_statistics(["a"] * 300, 3).in_words == "Neither rotation nor random choice."


def test_one_exception_ends_a_rotation():
    choices = [BACKENDS[number % 3] for number in range(300)]
    choices[150] = choices[149]
    assert not sequence_statistics(choices, 3).rotates


@pytest.mark.parametrize("seed", range(50))
def test_independent_draws_never_count_as_a_rotation(seed):
    assert not sequence_statistics(draws(seed), 3).rotates


def test_false_alarms_on_independent_draws_are_as_rare_as_documented():
    alarms = sum(not sequence_statistics(draws(seed), 3).independent for seed in range(300))
    assert alarms <= 4


def test_a_backend_that_is_never_chosen_contradicts_uniform_choice():
    assert not sequence_statistics(["a", "b"] * 100, 3).independent
    assert not sequence_statistics(["a"] * 300, 3).independent
