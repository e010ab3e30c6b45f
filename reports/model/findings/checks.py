"""Self-checks: whether the measurements of the performance suite are good enough to draw conclusions from.

`holds` is True if the check passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from reports.model.figure import Figure, Interval, OptionalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsCheck:
    """Whether enough steps of a sweep are valid.

    `valid_at_zero` of the `valid` ones are at zero Services. `least` and `least_at_zero` are required; None where
    results of schema version 1 do not say.
    """

    check: Literal["steps"] = "steps"
    holds: bool
    made: int
    valid: int
    valid_at_zero: int | None
    least: int | None
    least_at_zero: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AAPairsCheck:
    """Whether the 95% intervals of the differences of A/A pairs contain 0: `alike` of them do, `least` must.

    `least` is None where results of schema version 1 do not say.
    """

    check: Literal["A/A pairs"] = "A/A pairs"
    holds: bool
    pairs: int
    alike: int
    least: int | None


class NoCostPerRule(StrEnum):
    """Why a sweep does not know the cost per rule."""

    NO_CHAIN = "no chain"
    RULES_MOVED = "rules moved"
    FEW_RULES = "few rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPerRuleCheck:
    """Whether a rule of kube-proxy costs as much as one in a calibration chain that never matches.

    All costs are 95% intervals in nanoseconds, None if they are unknown for the reason `unknown`. `apart_ns` is by how
    much more a rule costs in the sweep, compared step by step, and must lie between -`allowed_ns` and `allowed_ns`.
    `detectable_ns` is the true difference that would fail the check in four of five such sweeps. In results of earlier
    versions, the intervals of both costs must overlap instead, and `precise` says whether both are known to within
    `precision`, a share of the cost.
    """

    check: Literal["cost per rule"] = "cost per rule"
    holds: bool
    sweep_ns: Interval | None = None
    chain_ns: Interval | None = None
    apart_ns: Interval | None = None
    allowed_ns: OptionalFigure = None
    detectable_ns: OptionalFigure = None
    precise: bool = True
    precision: OptionalFigure = None
    unknown: NoCostPerRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPerServiceCheck:
    """Whether an additional Service costs nothing where the kernel looks service addresses up.

    The 95% interval, in nanoseconds, must contain 0 and be narrower than `narrow_ns`, if that is not None.
    """

    check: Literal["cost per Service"] = "cost per Service"
    holds: bool
    service_ns: Interval
    narrow_ns: OptionalFigure = None


@dataclass(frozen=True, slots=True)
class MeasuredDelay:
    """A delay that was added per passage of a device, and by how much longer first packets were; both in us."""

    added_us: Figure
    measured_us: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDelayCheck:
    """Whether each microsecond of added delay lengthens the measured latency by one microsecond.

    `slope` is the measured over the total added delay, with its 95% interval; `constant_us` is what the timers of the
    delay add; a handshake passes the delayed device `passages` times.
    """

    check: Literal["known delay"] = "known delay"
    holds: bool
    slope: Interval
    constant_us: Figure
    passages: int
    delays: tuple[MeasuredDelay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCheck:
    """The self-checks of a run of schema version 1, in the words that it stored."""

    check: Literal["stated"] = "stated"
    holds: bool
    statement: str


SelfCheck = Annotated[
    StepsCheck | AAPairsCheck | CostPerRuleCheck | CostPerServiceCheck | KnownDelayCheck | StatedCheck,
    Field(discriminator="check"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheckFinding:
    """All self-checks of one case. It holds if there is at least one check and every check holds."""

    kind: Literal["self-check"] = "self-check"
    mode: str
    checks: tuple[SelfCheck, ...]

    @property
    def holds(self) -> bool:
        """Return True if all checks passed. Without any check, nothing may be concluded."""
        return bool(self.checks) and all(check.holds for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDelayFinding:
    """A known delay measured on user-mode Linux. It is not a self-check: timers there are late by some 60 to 90 us."""

    kind: Literal["known delay"] = "known delay"
    mode: str
    delay: KnownDelayCheck
