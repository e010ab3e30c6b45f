"""What a check answers, and what doctor is asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from clusters.spec import ClusterSpec, Mode, Source, Substrate

ALL_MODES = frozenset(Mode)
ALL_SOURCES = frozenset(Source)
ALL_SUBSTRATES = frozenset(Substrate)


class Verdict(StrEnum):
    """`warning`: it can run, but read this. `unfit`: it cannot."""

    OK = "ok"
    WARNING = "warning"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    `seen` is the fact, `cause` what follows from it, `remedy` what to do; the last two are empty where the
    verdict is ok. The check speaks about every combination of its `modes`, `sources` and `substrates`.
    """

    name: str
    verdict: Verdict
    seen: str
    cause: str = ""
    remedy: str = ""
    modes: frozenset[Mode] = ALL_MODES
    sources: frozenset[Source] = ALL_SOURCES
    substrates: frozenset[Substrate] = ALL_SUBSTRATES

    def concerns(self, plan: Plan) -> bool:
        """True if the check speaks about that combination."""
        return plan.mode in self.modes and plan.source in self.sources and plan.substrate in self.substrates


@dataclass(frozen=True, slots=True)
class Plan:
    """A mode, and how this host would have it."""

    mode: Mode
    source: Source
    substrate: Substrate
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """What shall run here. `source`, `substrate` and `kubernetes` are None where the choice is left to us."""

    modes: tuple[Mode, ...] = tuple(Mode)
    source: Source | None = None
    substrate: Substrate | None = None
    kubernetes: str | None = None
    control_planes: int = 1
    workers: int = 2

    @classmethod
    def of(cls, spec: ClusterSpec) -> Self:
        """Can this very cluster run here?"""
        return cls(
            (spec.mode,), spec.source, spec.substrate, spec.kubernetes, spec.control_planes, max(spec.workers, 0)
        )
