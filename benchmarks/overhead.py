"""Measures the overhead of a case: the time for namespace, fixtures and clean-up.

    python benchmarks/overhead.py suites --proxy-mode=iptables -n 2 -m "not performance"

Runs pytest with these arguments, and prints one JSON line with the duration of set-up and teardown together, in
seconds, over all cases that ran.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict

import pytest


class Overhead:
    """A pytest plugin that sums up the set-up and teardown of each case, in this process or in xdist's workers."""

    def __init__(self) -> None:
        self._spent_s: defaultdict[str, float] = defaultdict(float)
        self._ran: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._ran.add(report.nodeid)
        else:
            self._spent_s[report.nodeid] += report.duration

    def figures(self) -> dict[str, float]:
        """Return number, median, 90th percentile and maximum."""
        spent_s = sorted(self._spent_s[case] for case in self._ran)
        return {
            "cases": len(spent_s),
            "median_s": round(statistics.median(spent_s), 2),
            "p90_s": round(spent_s[int(0.9 * (len(spent_s) - 1))], 2),
            "most_s": round(spent_s[-1], 2),
        }


def main() -> int:
    overhead = Overhead()
    ended = pytest.main(sys.argv[1:], plugins=[overhead])
    print(json.dumps(overhead.figures()))
    return int(ended)


if __name__ == "__main__":
    sys.exit(main())
