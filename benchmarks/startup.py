"""Measures how long a cluster takes to become ready, and how much of that is kind's own time.

    python benchmarks/startup.py iptables --repeat 3

Creates and deletes a cluster with one control plane and two worker nodes. The images must exist already. Prints one
JSON line per cluster, with durations in seconds: `kind_s` is `kind create cluster`, `total_s` ends when nodes, DNS on
every node, metrics and kube-proxy's mode have been checked.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field

from clusters.choose import choose_spec, kind_provider
from clusters.spec import Mode


@dataclass
class Stopwatch:
    """A `Progress` that records the start time of each step."""

    steps: list[tuple[float, str]] = field(default_factory=list)

    def step(self, title: str) -> None:
        self.steps.append((time.monotonic(), title))

    def note(self, text: str) -> None:
        """Ignore the text: durations are computed from the steps."""

    def duration_s(self, beginning: str, end_s: float) -> float:
        """Return the duration of the step whose title begins like this. Raises `LookupError` if there is none."""
        for (start_s, title), (next_s, _) in zip(self.steps, [*self.steps[1:], (end_s, "")], strict=True):
            if title.startswith(beginning):
                return next_s - start_s
        raise LookupError(f"no step {beginning!r} among {[title for _, title in self.steps]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", type=Mode, choices=tuple(Mode))
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    provider = kind_provider(keep=False)
    for _ in range(options.repeat):
        watch = Stopwatch()
        spec = choose_spec(options.mode, None, None, None, 2, watch)
        start_s = time.monotonic()
        cluster = provider.create(spec, watch)
        end_s = time.monotonic()
        provider.release(cluster, watch)
        figures = {
            "mode": str(spec.mode),
            "substrate": str(spec.substrate),
            "kind_s": round(watch.duration_s("kind creates", end_s), 1),
            "addons_s": round(watch.duration_s("pod network", end_s), 1),
            "ready_s": round(watch.duration_s("waiting", end_s), 1),
            "total_s": round(end_s - start_s, 1),
            "removed_s": round(time.monotonic() - end_s, 1),
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
