"""The steps of a sweep, as measurements store them: medians, and differences within the same seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.statistics.comparison import Range
from harness.statistics.difference import difference, mean_of
from harness.statistics.stored import median_of
from reports.model import Measurement, MeasurementName

LAST, FIRST = "end", "head"
"""The positions of the last and of the first Service."""


@dataclass(frozen=True, slots=True)
class SweptStep:
    """The measurements of one step by one clock; conclusions may be drawn from all of them."""

    services: int
    measurements: tuple[Measurement, ...]

    def of(self, name: MeasurementName, position: str | None = None) -> Measurement | None:
        """Return the measurement with this name, of a position if one is named; None if there is none."""
        return next(self._of(name, position), None)

    def _of(self, name: MeasurementName, position: str | None) -> Iterator[Measurement]:
        return (
            found for found in self.measurements if found.name is name and position in (None, found.conditions.position)
        )

    def median_us(self, name: MeasurementName, position: str | None = None) -> Range | None:
        """Return the median with its interval; None if it was not measured or has too few samples."""
        found = self.of(name, position)
        return None if found is None else median_of(found)

    def difference_us(self, ours: Measurement | None, theirs: Measurement | None) -> Range | None:
        """Return our median minus theirs; None if one of them is not known."""
        our_median, their_median = (None if one is None else median_of(one) for one in (ours, theirs))
        return None if our_median is None or their_median is None else difference(our_median, their_median)

    def services_traversed(self, position: str) -> float:
        """Return for how many Services a connection to a position traverses rules, as the last of so many would.

        The last of N Services is behind N rules on the client's node and, where kube-proxy's rules are in the nodes'
        own kernels, its packets traverse the N rules of the endpoint's node. kube-proxy orders its rules as it likes,
        so a target is rarely the last one. Where service addresses are looked up, it is the number of Services.
        """
        found = self.of(MeasurementName.FIRST_PACKET, position)
        if found is None or found.conditions.rules_walked is None:
            return self.services
        before, there = found.conditions.rules_walked, found.conditions.rules_walked_there
        after = found.conditions.rules_walked_after
        here = before if after is None else (before + after) / 2  # kube-proxy may have moved the rule
        return here if there is None else (here + there) / 2

    def service_cost_us(self, position: str) -> Range | None:
        """Return how much longer a first packet takes than on the same path without connection tracking and NAT."""
        service = self.of(MeasurementName.FIRST_PACKET, position)
        return self.difference_us(service, self.of(MeasurementName.FIRST_PACKET_UNTRACKED))

    def chain(self) -> tuple[Measurement, ...]:
        """Return the measurements of the calibration chain, by the number of rules."""
        found = self._of(MeasurementName.CALIBRATION_CHAIN, None)
        return tuple(sorted(found, key=lambda one: one.conditions.rules_walked or 0))


def swept_steps(measurements: Sequence[Measurement], clock: str = "kernel") -> list[SweptStep]:
    """Return the valid steps of one sweep, by one clock, in the order in which they were measured.

    Measurements that belong to an experiment, or to no step, are left out.
    """
    by_step: dict[int, list[Measurement]] = {}
    for found in measurements:
        here = found.conditions
        if here.step is not None and here.experiment is None and here.clock == clock and found.concludes:
            by_step.setdefault(here.step, []).append(found)
    return [SweptStep(of_step[0].conditions.services or 0, tuple(of_step)) for _, of_step in sorted(by_step.items())]


def last_above_first_us(steps: Sequence[SweptStep]) -> Range | None:
    """Return the last Service's median minus the first one's, as the mean over steps with the most Services.

    None if it is not known. Where service addresses are looked up, the last Service is the youngest and the first one
    the oldest.
    """
    most = max((step.services for step in steps), default=0)
    at_most = (step for step in steps if step.services == most)
    found = [
        step.difference_us(*(step.of(MeasurementName.FIRST_PACKET, position) for position in (LAST, FIRST)))
        for step in at_most
    ]
    known = [difference for difference in found if difference is not None]
    return mean_of(known) if known else None
