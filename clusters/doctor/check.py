"""The result of a check, and the request for an examination of the host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from clusters.spec import ClusterSpec, Mode, Source, Substrate

ALL_MODES = frozenset(Mode)
ALL_SOURCES = frozenset(Source)
ALL_SUBSTRATES = frozenset(Substrate)


class Verdict(StrEnum):
    """The result of a check. `warning`: the mode can run, with a restriction. `unfit`: it cannot run."""

    OK = "ok"
    WARNING = "warning"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class Check:
    """A property of the host that was checked.

    `seen` is the fact, `cause` its consequence, `remedy` what to do. The last two are empty if the verdict is ok. The
    check applies to every combination of its `modes`, `sources` and `substrates`.
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
        """Return True if the check applies to the plan's combination."""
        return plan.mode in self.modes and plan.source in self.sources and plan.substrate in self.substrates


@dataclass(frozen=True, slots=True)
class Plan:
    """A mode, the source and substrate with which this host would run it, and the reason as `why`."""

    mode: Mode
    source: Source
    substrate: Substrate
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """The clusters that shall run on the host. `source`, `substrate` and `kubernetes` are None if left open."""

    modes: tuple[Mode, ...] = tuple(Mode)
    source: Source | None = None
    substrate: Substrate | None = None
    kubernetes: str | None = None
    control_planes: int = 1
    workers: int = 2

    @classmethod
    def of(cls, spec: ClusterSpec) -> Self:
        """Return the question whether the cluster of `spec` can run."""
        return cls(
            (spec.mode,), spec.source, spec.substrate, spec.kubernetes, spec.control_planes, max(spec.workers, 0)
        )
