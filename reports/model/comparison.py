"""The result of comparing runs: which mode costs less, and in which claims modes behave differently.

Intervals are 95% intervals.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter

from reports.model.claims import Verdict
from reports.model.figure import Figure, Interval
from reports.model.findings import LinePoint

COMPARISON_SCHEMA = "kubeproof.comparison/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """A run that was compared. It may contain a sweep, decide claims, or both."""

    id: str
    mode: str
    substrate: str
    started: str
    kubernetes: str
    kernel: str
    cpus: int
    nodes: int
    has_sweep: bool
    decides_claims: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedStep:
    """The median first packet of one step.

    If a mode has several runs, each is shifted to their mean; if all runs have a control, all are above a common one.
    """

    services: Figure
    us: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRange:
    """The medians of the path without connection tracking over all steps of a mode: how fast the host was."""

    least_us: Figure
    middle_us: Figure
    most_us: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeLine:
    """The first packet in one mode: the steps of its runs, and the line fitted through all of them.

    `control` is None for runs of earlier versions, which have no control.
    """

    mode: str
    steps: tuple[ComparedStep, ...]
    line: tuple[LinePoint, ...]
    control: ControlRange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advantage:
    """In which mode a request takes less time, by a share of `by` at least, if `new_share` of requests connect anew.

    It does from `services` Services on, or at every number if that is None. If `better` is None, either it does in
    neither mode at any number of Services (`alike`), or the runs cannot tell.
    """

    new_share: Figure
    by: Figure
    better: str | None = None
    services: Interval | None = None
    alike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferencePoint:
    """By how many microseconds a first packet takes longer in one mode than in the other, at a number of Services.

    `first_packet_us` and `request_us` are the means of both modes: of a first packet, and of a request on a connection
    that is open already.
    """

    services: Figure
    longer_us: Interval
    first_packet_us: Figure
    request_us: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ModePair:
    """Two modes on one substrate, compared from 0 to `most_services` Services: mode `ours` minus mode `theirs`."""

    ours: str
    theirs: str
    most_services: int
    growth_us_per_1000: Interval
    difference: tuple[DifferencePoint, ...]
    first_packet: Advantage
    requests: tuple[Advantage, ...]

    @property
    def at_zero_us(self) -> Interval:
        """By how much a first packet takes longer without other Services."""
        return self.difference[0].longer_us

    @property
    def at_most_us(self) -> Interval:
        """By how much a first packet takes longer with the most Services."""
        return self.difference[-1].longer_us


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammingCost:
    """What one node's kube-proxy used in a run to get from 0 to `services` Services, step by step.

    `cpu_s` includes the programs that it ran. `memory_mb` is its memory at the end.
    """

    run: str
    mode: str
    services: int
    sync_s: Figure
    cpu_s: Figure
    memory_mb: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstrateComparison:
    """The modes on one substrate."""

    substrate: str
    modes: tuple[ModeLine, ...]
    pairs: tuple[ModePair, ...]
    programming: tuple[ProgrammingCost, ...]


class Agreement(StrEnum):
    """Whether two substrates give the same order of two modes."""

    SAME = "same"
    OPPOSITE = "opposite"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstrateAgreement:
    """Whether two substrates agree which of two modes is the greater, by subject."""

    substrates: tuple[str, str]
    modes: tuple[str, str]
    answers: dict[str, Agreement]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A mode on a substrate."""

    substrate: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedVerdict:
    """The verdict on a claim in one place."""

    place: Place
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedClaim:
    """A claim, with its verdict wherever a run could decide it."""

    id: str
    text: str
    question: str
    verdicts: tuple[PlacedVerdict, ...]

    def verdict(self, place: Place) -> Verdict | None:
        """Return the verdict in a place; None if no run could decide it there."""
        return next((found.verdict for found in self.verdicts if found.place == place), None)

    @property
    def differs(self) -> bool:
        """Return True if two places decided it differently."""
        return len({found.verdict for found in self.verdicts} - {Verdict.UNTESTED}) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourDifference:
    """The claims that two places decided differently, of the `compared` ones that both decided."""

    places: tuple[Place, Place]
    compared: int
    claims: tuple[ComparedClaim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs compared. No figure on one substrate is compared with a figure on another; only the order of modes is.

    `left_out` has the ids of runs that were not compared because their self-checks failed.
    """

    runs: tuple[ComparedRun, ...]
    substrates: tuple[SubstrateComparison, ...]
    agreements: tuple[SubstrateAgreement, ...]
    differences: tuple[BehaviourDifference, ...]
    claims: tuple[ComparedClaim, ...]
    left_out: tuple[str, ...] = ()


def comparison_to_json(comparison: Comparison) -> str:
    """Return the comparison as JSON; NaN and infinity are null."""
    document = TypeAdapter(Comparison).dump_python(comparison, mode="json")
    return json.dumps({"schema": COMPARISON_SCHEMA, **document}, indent=1) + "\n"
