"""Findings of sweeps and other measurements of latency. Intervals are 95% intervals unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Literal

from reports.model.figure import Figure, Interval, OptionalFigure


class GrowthConclusion(StrEnum):
    """What a sweep allows to conclude about growth."""

    GROWS = "grows"
    NO_GROWTH = "no growth"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePoint:
    """A point of a fitted line, with its 95% interval."""

    services: Figure
    us: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthFinding:
    """The growth of the first packet to the last Service, in microseconds per 1,000 Services, from `steps` steps.

    `at_zero_us` is the median at zero Services. `line` is the fitted line from 0 to `most_services`: of the cost of the
    last Service if `above_control`, where `control_us` is the mean median of the control, else of its first packet. In
    earlier versions growth and line could be `baseline_corrected`; older results have no line, and `most_services` is
    None in results of schema version 1.
    """

    kind: Literal["growth"] = "growth"
    mode: str
    conclusion: GrowthConclusion
    per_1000_services_us: Interval
    at_zero_us: Figure
    most_services: int | None
    steps: int
    baseline_corrected: bool = False
    above_control: bool = False
    control_us: Figure = 0.0
    line: tuple[LinePoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUsage:
    """What kube-proxy on one node used to get from the previous step to this one, and what the kernel held then.

    `cpu_s` are kube-proxy's own CPU seconds and `programs_cpu_s` those of programs that it ran; the `syncs` took
    `sync_s` seconds together. `memory_bytes`, `rules`, `set_members` and `tracked` connections are those at the end.
    `created_s` is how long the harness took to create the Services of this step, with kube-proxy paused, None if it
    created none; `programmed_s` is how long every node's kernel then took to hold them, or no longer to hold those that
    were removed. Both are None in older results, and `programs_cpu_s` in those of schema version 1.
    """

    step: int
    services: int
    cpu_s: Figure
    programs_cpu_s: OptionalFigure
    memory_bytes: Figure
    syncs: int
    sync_s: Figure
    rules: int
    set_members: int
    tracked: int
    created_s: OptionalFigure = None
    programmed_s: OptionalFigure = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFinding:
    """What each step cost one node, at so many `endpoints` of each Service."""

    kind: Literal["cost"] = "cost"
    mode: str
    node: str
    steps: tuple[StepUsage, ...]
    endpoints: int = 1

    @property
    def upwards(self) -> tuple[StepUsage, ...]:
        """Return the steps that have more Services than all before them: those that programmed Services."""
        most = [0, *accumulate((step.services for step in self.steps), max)]
        return tuple(step for step, before in zip(self.steps, most, strict=False) if step.services > before)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCostPerRule:
    """The median cost per rule of one step, in nanoseconds: in the sweep, and in the calibration chain."""

    services: int
    rules_walked: int
    rule_ns: Figure
    calibrated_rule_ns: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPerRuleFinding:
    """The cost per rule in each step of a sweep with at least `least_rules` rules to traverse."""

    kind: Literal["cost per rule"] = "cost per rule"
    mode: str
    least_rules: int
    steps: tuple[StepCostPerRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsDifference:
    """By how many microseconds a first packet takes longer than to a Service with one endpoint."""

    endpoints: int
    longer_us: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsFinding:
    """The first packet by the number of endpoints of its Service."""

    kind: Literal["endpoints"] = "endpoints"
    mode: str
    differences: tuple[EndpointsDifference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKindMedian:
    """The median of one kind of request, in microseconds."""

    request_kind: str
    p50_us: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKindsFinding:
    """The medians of the kinds of request, each sent for `duration_s` seconds."""

    kind: Literal["request kinds"] = "request kinds"
    mode: str
    rate_per_s: Figure
    duration_s: Figure
    medians: tuple[RequestKindMedian, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateAttempt:
    """A load at one rate. `p99_us` is NaN if no request was answered; `cpu_share` of a core was the generator's."""

    rate_per_s: Figure
    p99_us: Figure
    missed: int
    failed: int
    cpu_share: Figure
    generator_busy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityFinding:
    """The highest rate at which p99 stayed within a bound (`passed`), and the lowest above it at which it did not.

    None: there is no such rate among the `attempts`, which are in the order in which they were made.
    """

    kind: Literal["capacity"] = "capacity"
    mode: str
    requests: str
    bound_ms: Figure
    passed: RateAttempt | None
    exceeded: RateAttempt | None
    attempts: tuple[RateAttempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorLatency:
    """The latencies that one generator measured: medians of turns with their extremes, in microseconds.

    `above_baseline_us` is the median above the generator's own loopback baseline. `differs` is True if that is further
    from ours than the generator's resolution.
    """

    generator: str
    p50_us: Interval
    p99_us: Interval
    above_baseline_us: Interval
    resolution_us: Figure
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorsFinding:
    """Our load generator and others at the same rate against the same target, in turns."""

    kind: Literal["load generators"] = "load generators"
    mode: str
    connections: str
    rate_per_s: Figure
    turns: int
    turn_s: Figure
    generators: tuple[GeneratorLatency, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEfficiency:
    """The requests per CPU second of one kind of user: the median of turns with their extremes."""

    user: str
    requests_per_cpu_s: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsPerCpuSecondFinding:
    """Our load generator and Locust's own users at the same rate on persistent connections, in turns.

    CPU seconds are those of the process that sends: its own and the kernel's on its behalf.
    """

    kind: Literal["requests per CPU second"] = "requests per CPU second"
    mode: str
    rate_per_s: Figure
    turns: int
    turn_s: Figure
    users: tuple[UserEfficiency, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTail:
    """The p99 of a new connection by one clock, in microseconds: on an idle host, and with busy loops."""

    clock: str
    idle_p99_us: Figure
    busy_p99_us: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyHostFinding:
    """The tail of latency on a busy host, by several clocks; each was measured for `duration_s` seconds."""

    kind: Literal["busy host"] = "busy host"
    mode: str
    busy_loops: int
    rate_per_s: Figure
    duration_s: Figure
    clocks: tuple[ClockTail, ...]
