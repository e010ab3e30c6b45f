from collections import Counter

from harness.words import listed


def test_figures_are_listed_without_the_marks_of_a_programming_language():
    assert listed(Counter({"worker": 4, "worker2": 1})) == "worker: 4, worker2: 1"
    assert listed({"Never after exit 1": "Failed"}) == "Never after exit 1: Failed"
