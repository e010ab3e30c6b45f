"""Steady traffic under change: latencies and failures of requests before, during and after a change."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from harness.load.generator import LoadGenerator
from harness.load.plan import Block, LoadPlan, LoadResult, Target, TargetBlocks
from harness.load.records import CLOCKS, to_measurement
from reports.model import Conditions, Measurement, MeasurementName
from reports.model.findings import PartFailures, UnderChangeFinding


class Part(StrEnum):
    """The parts of the time in which a load runs."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(slots=True)
class TrafficUnderChange:
    """A load during which something changes; `result` is set when the block of `traffic_under_change` ends.

    `change` describes the change. `spans_s` are its begins and ends in seconds since 1970.
    """

    plan: LoadPlan
    change: str
    spans_s: list[tuple[float, float]] = field(default_factory=list)
    result: LoadResult | None = None

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Record the time of the block as a time of change; may be used more than once."""
        begin_s = time.time()
        try:
            yield
        finally:
            self.spans_s.append((begin_s, time.time()))

    def parts(self, target: Target) -> dict[Part, TargetBlocks]:
        """Return the target's blocks before, during and after the change."""
        assert self.result is not None, "the traffic has not ended"
        by_part: dict[Part, list[Block]] = {part: [] for part in Part}
        for block in self.result.of(target).blocks:
            by_part[self._part(block.number)].append(block)
        return {part: TargetBlocks(tuple(blocks)) for part, blocks in by_part.items()}

    def _part(self, number: int) -> Part:
        assert self.result is not None
        begin_s = self.result.began_s + number * self.plan.block_s
        end_s = begin_s + self.plan.block_s
        if any(begin_s < last_s and end_s > first_s for first_s, last_s in self.spans_s):
            return Part.DURING
        return Part.BEFORE if end_s <= min(first_s for first_s, _ in self.spans_s) else Part.AFTER

    def measurements(self, conditions: Conditions) -> Iterator[Measurement]:
        """Yield a measurement for each target, part and clock."""
        assert self.result is not None, "the traffic has not ended"
        here = replace(
            conditions,
            change=self.change,
            request_kind=str(self.plan.request_kind),
            rate_per_s=self.plan.rate_per_s,
        )
        for target in self.plan.targets:
            for part, blocks in self.parts(target).items():
                for clock in CLOCKS:
                    if blocks.histograms(clock) or (clock == "wall" and blocks.errors):
                        of_part = replace(here, part=str(part), target=target.label, clock=clock)
                        numbers = [block.number for block in blocks.blocks]
                        span = range(min(numbers), max(numbers) + 1)
                        yield to_measurement(
                            MeasurementName.UNDER_CHANGE, blocks, clock, of_part, self.result, span=span
                        )

    def finding(self, mode: str) -> UnderChangeFinding:
        """Return the failures before, during and after the change as a finding of the report."""
        blocks = dict.fromkeys(Part, 0)
        failed: dict[Part, Counter[str]] = {part: Counter() for part in Part}
        for target in self.plan.targets:
            for part, found in self.parts(target).items():
                failed[part].update(found.errors)
                blocks[part] += len(found.blocks)
        block_s = self.plan.block_s / len(self.plan.targets)
        return UnderChangeFinding(
            mode=mode,
            change=self.change,
            request_kind=str(self.plan.request_kind),
            rate_per_s=self.plan.rate_per_s,
            parts=tuple(
                PartFailures(part=str(part), duration_s=blocks[part] * block_s, messages=dict(failed[part]))
                for part in Part
            ),
        )


@contextmanager
def traffic_under_change(generator: LoadGenerator, plan: LoadPlan, change: str) -> Iterator[TrafficUnderChange]:
    """Run traffic while the block runs.

    The block starts once the traffic has started, and its end waits for the traffic to end.
    """
    traffic = TrafficUnderChange(plan, change)
    with generator.running(plan) as running:
        yield traffic
        traffic.result = running.result()
