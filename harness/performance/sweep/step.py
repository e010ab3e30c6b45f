"""One step of a sweep, and whether it is valid: whether conclusions may be drawn from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.dataplane.reader import RuleCount
from harness.performance.sweep.proxy_cost import Cost
from reports.model import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """What a step's Services cost.

    - `rules`: what the kernel of the generator's node held.
    - `tracked`: the connection tracking entries on the generator's node when the load ended.
    - `programmed_s`: how many seconds every kernel took to hold the Services.
    - `proxy`: what kube-proxy used to get from the previous step to this one.
    """

    rules: RuleCount
    tracked: int = 0
    programmed_s: float = 0.0
    proxy: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The measurements at one number of Services, which lasted `duration_s` seconds.

    `invalid_reasons` says why no conclusion may be drawn from the step, which keeps its numbers; empty if it is valid.
    """

    services: int
    measurements: tuple[Measurement, ...]
    cost: StepCost
    duration_s: float = 0.0
    invalid_reasons: tuple[str, ...] = ()

    @property
    def invalid_reason(self) -> str:
        """All invalid reasons as one text; empty if the step is valid."""
        return "; ".join(self.invalid_reasons)

    def invalidated(self, invalid_reason: str) -> Step:
        """Return the step, marked invalid for this reason too with all its measurements; unchanged without a reason."""
        if not invalid_reason:
            return self
        invalid = replace(self, invalid_reasons=(*self.invalid_reasons, invalid_reason))
        marked = (replace(found, invalid_reason=invalid.invalid_reason) for found in self.measurements)
        return replace(invalid, measurements=tuple(marked))


def measurements_of(steps: Iterable[Step]) -> list[Measurement]:
    """Return the measurements of all steps, in order."""
    return [found for step in steps for found in step.measurements]
