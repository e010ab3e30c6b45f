"""What steady traffic has of a change that is made meanwhile: its latency and its failures before, during and after."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from harness.load.generator import LoadGenerator
from harness.load.plan import Block, LoadPlan, LoadResult, Target, TargetBlocks
from harness.load.records import CLOCKS, to_measurement
from reports.model import Finding, Measurement

MOST_WORDS = 3


class Part(StrEnum):
    """Of the time that a plan takes."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(slots=True)
class TrafficUnderChange:
    """Traffic that goes on while something is changed; `result` is there once the block has ended."""

    plan: LoadPlan
    change: str
    spans_s: list[tuple[float, float]] = field(default_factory=list)
    result: LoadResult | None = None

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What is done in the block is the change; may come more than once."""
        begin_s = time.time()
        try:
            yield
        finally:
            self.spans_s.append((begin_s, time.time()))

    def parts(self, target: Target) -> dict[Part, TargetBlocks]:
        """The target's blocks by what was done in their time."""
        assert self.result is not None, "the traffic has not ended"
        found: dict[Part, list[Block]] = {part: [] for part in Part}
        for block in self.result.of(target).blocks:
            found[self._part(block.number)].append(block)
        return {part: TargetBlocks(tuple(blocks)) for part, blocks in found.items()}

    def _part(self, number: int) -> Part:
        assert self.result is not None
        begin_s = self.result.began_s + number * self.plan.block_s
        end_s = begin_s + self.plan.block_s
        if any(begin_s < last_s and end_s > first_s for first_s, last_s in self.spans_s):
            return Part.DURING
        return Part.BEFORE if end_s <= min(first_s for first_s, _ in self.spans_s) else Part.AFTER

    def measurements(self, conditions: dict[str, object], generator: np.random.Generator) -> Iterator[Measurement]:
        """A record for each target, clock and part."""
        assert self.result is not None, "the traffic has not ended"
        for target in self.plan.targets:
            for part, blocks in self.parts(target).items():
                for clock in CLOCKS:
                    here = {
                        **conditions,
                        "change": self.change,
                        "part": str(part),
                        "target": target.label,
                        "exchange": str(self.plan.request_kind),
                        "rate_per_s": self.plan.rate_per_s,
                        "clock": clock,
                    }
                    if blocks.histograms(clock) or (clock == "wall" and blocks.errors):
                        yield to_measurement("meanwhile", blocks, clock, here, self.result, (), generator)

    def finding(self, mode: str) -> Finding:
        """What traffic had of the change, in words."""
        sent = dict.fromkeys(Part, 0)
        failed: dict[Part, Counter[str]] = {part: Counter() for part in Part}
        for target in self.plan.targets:
            for part, blocks in self.parts(target).items():
                failed[part].update(blocks.errors)
                sent[part] += len(blocks.blocks)
        block_s = self.plan.block_s / len(self.plan.targets)
        told = "; ".join(
            f"{part} it ({sent[part] * block_s:.0f} s) {_in_words(failed[part])}"
            if sent[part]
            else f"{part} it nothing was sent"
            for part in Part
        )
        numbers = {f"failed_{part}": failed[part].total() for part in Part}
        statement = f"{self.change}, in {mode} mode, with {self.plan.rate_per_s:g} exchanges a second: {told}."
        return Finding("meanwhile", statement, numbers, f"{self.plan.request_kind} exchanges, each failure counted")


def _in_words(failures: Counter[str]) -> str:
    if not failures:
        return "none failed"
    told = ", ".join(f"{number} x {words}" for words, number in failures.most_common(MOST_WORDS))
    return f"{failures.total()} failed ({told})"


@contextmanager
def traffic_under_change(generator: LoadGenerator, plan: LoadPlan, change: str) -> Iterator[TrafficUnderChange]:
    """Traffic that has begun when the block does, and has ended when the block has."""
    traffic = TrafficUnderChange(plan, change)
    with generator.running(plan) as running:
        yield traffic
        traffic.result = running.result()
