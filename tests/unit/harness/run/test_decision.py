from collections import Counter

from harness.run.decision import list_of


def test_numbers_are_listed_without_python_syntax():
    assert list_of(Counter({"worker": 4, "worker2": 1})) == "worker: 4, worker2: 1"
    assert list_of({"Never after exit 1": "Failed"}) == "Never after exit 1: Failed"
