from collections import Counter

from harness.words import listed


def test_numbers_are_listed_without_python_syntax():
    assert listed(Counter({"worker": 4, "worker2": 1})) == "worker: 4, worker2: 1"
    assert listed({"Never after exit 1": "Failed"}) == "Never after exit 1: Failed"
