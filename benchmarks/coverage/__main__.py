"""How often intervals of 95% contain the true value, by estimator and kind of noise.

    python -m benchmarks.coverage [trials] [words of a row]

Goal: 93 to 97% in rows of intervals, and at least 80% in those of the self-check; a star marks a row outside it. `none`
is the share of trials in which the estimator says that the data cannot carry the figure; the others are those of which
the share is given. With 1,000 trials a share is known to +-1.4%, so chance may mark a row near the edge; 5,000 trials
of that row alone know its share to +-0.6%.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.coverage.rows import Row, rows

TRIALS = 1000


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    wanted = " ".join(sys.argv[2:])
    print(f"{'estimator':<40}{'data':<40}{'none':>6}{'holds':>8}")
    for row in rows():
        if wanted in f"{row.estimator} {row.data}":
            print_row(row, trials)


def print_row(row: Row, trials: int) -> None:
    generator = np.random.default_rng(1)
    found = [row.covered(generator) for _ in range(trials)]
    stated = [covered for covered in found if covered is not None]
    share = sum(stated) / len(stated) if stated else float("nan")
    low, high = row.goal
    mark = "" if not stated or low <= share <= high else "  *"
    print(f"{row.estimator:<40}{row.data:<40}{found.count(None) / trials:>6.0%}{share:>8.1%}{mark}", flush=True)


if __name__ == "__main__":
    main()
