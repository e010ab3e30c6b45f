"""Claims: read from their file, decided by cases, and combined into one verdict each.

A verdict says whether the *claim* holds. A case's outcome says whether Kubernetes behaved as its documentation says.
For example, a case that passes refutes the claim that iptables mode balances round robin.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clusters.errors import UsageError
from harness.run import decision as decisions
from harness.run.decision import Decision
from harness.run.flakes import repeated_case
from reports.model import NOT_IN_RUN, ClaimResult, Verdict, claim_order

STRONGEST_FIRST = (Verdict.REFUTED, Verdict.CONDITIONAL, Verdict.CONFIRMED, Verdict.UNTESTED)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement under test, and the cases that may decide it, each as "file::name".

    `question` is the question that it answers, and `advice` what to do about it, by verdict; both may be empty.
    """

    id: str
    text: str
    cases: tuple[str, ...]
    question: str = ""
    advice: Mapping[Verdict, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """The verdict of one case on one claim."""

    claim: str
    verdict: Verdict
    evidence: str
    condition: str
    case: str


class ClaimRecorder:
    """Records a case's verdicts on the claims that its marker names. Raises `UsageError` for any other claim."""

    def __init__(self, case: str, may_decide: Sequence[str]) -> None:
        self._case = case
        self._may_decide = tuple(may_decide)
        self.recorded: list[RecordedVerdict] = []

    def record(self, claim: str, decision: Decision) -> None:
        """Record a decision function's result."""
        if claim not in self._may_decide:
            raise UsageError(f"case {self._case} gives a verdict on claim {claim}, which its marker does not name")
        self.recorded.append(
            RecordedVerdict(claim, decision.verdict, decision.evidence, decision.condition, self._case)
        )

    def confirmed(self, claim: str, evidence: str) -> None:
        """Record `harness.run.decision.confirmed`."""
        self.record(claim, decisions.confirmed(evidence))

    def refuted(self, claim: str, evidence: str) -> None:
        """Record `harness.run.decision.refuted`; `evidence` says what was observed instead."""
        self.record(claim, decisions.refuted(evidence))

    def conditional(self, claim: str, condition: str, evidence: str) -> None:
        """Record `harness.run.decision.conditional`."""
        self.record(claim, decisions.conditional(condition, evidence))

    def untested(self, claim: str, reason: str) -> None:
        """Record `harness.run.decision.untested`."""
        self.record(claim, decisions.untested(reason))

    def decide_nothing(self, reason: str) -> None:
        """Record `untested` for all of the case's claims."""
        for claim in self._may_decide:
            self.untested(claim, reason)

    def decide(self, claim: str, holds: bool, evidence: str) -> None:
        """Record `confirmed` if the observation `holds`, otherwise `refuted`."""
        self.record(claim, (decisions.confirmed if holds else decisions.refuted)(evidence))


def read_claims(file: Path) -> tuple[Claim, ...]:
    """Return all claims of a file. Raises `UsageError` with file and line for an invalid entry."""
    text = file.read_text()
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as unfit:
        raise UsageError(f"{file}: {unfit}") from unfit
    entries, questions = content.get("claim", []), content.get("questions", {})
    claims: list[Claim] = []
    for position, entry in enumerate(entries):
        line = _line_of(text, position)
        problem = _problem(entry, {claim.id for claim in claims})
        if problem:
            raise UsageError(f"{file}, line {line}: {problem}")
        claims.append(_claim(entry, questions))
    return tuple(sorted(claims, key=lambda claim: claim_order(claim.id)))


def _claim(entry: dict[str, Any], questions: Mapping[str, Any]) -> Claim:
    return Claim(
        id=entry["id"],
        text=entry["text"],
        cases=tuple(entry["cases"]),
        question=str(questions.get(entry["id"].partition(".")[0], "")),
        advice={Verdict(verdict): str(text) for verdict, text in entry.get("advice", {}).items()},
    )


def _problem(entry: dict[str, Any], known: set[str]) -> str | None:
    """Return why an entry of the file is not a valid claim, or None."""
    wanted = {"id": str, "text": str, "cases": list}
    for name, kind in wanted.items():
        if not isinstance(entry.get(name), kind) or not entry[name]:
            return f"a claim needs {name!r}"
    if unknown := sorted(set(entry) - set(wanted) - {"advice"}):
        return f"unknown entries {unknown}"
    if not isinstance(entry.get("advice", {}), dict) or set(entry.get("advice", {})) - set(Verdict):
        return f"advice is by verdict ({', '.join(Verdict)})"
    if not re.fullmatch(r"\d+(\.\d+)*", entry["id"]):
        return f"{entry['id']!r} is not a claim number"
    if entry["id"] in known:
        return f"claim {entry['id']} appears twice"
    return None


def _line_of(text: str, position: int) -> int:
    """Return the line on which the entry at `position` begins."""
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[claim]]"]
    return starts[position]


def combine(
    claims: Sequence[Claim], recorded: Iterable[RecordedVerdict], undecided: Mapping[str, Sequence[str]]
) -> tuple[ClaimResult, ...]:
    """Return one result per claim: refuted if any case refuted it, else conditional, else confirmed, else untested.

    `undecided` maps a claim to the reasons why cases that could have refuted it do not count. Such a claim is untested
    unless another case has refuted it.
    """
    by_claim: dict[str, list[RecordedVerdict]] = {}
    for verdict in recorded:
        by_claim.setdefault(verdict.claim, []).append(verdict)
    return tuple(_combined(claim, by_claim.get(claim.id, []), undecided.get(claim.id, ())) for claim in claims)


def _combined(claim: Claim, repeated: list[RecordedVerdict], undecided: Sequence[str]) -> ClaimResult:
    recorded = _one_repetition(repeated)
    verdict = min((found.verdict for found in recorded), key=STRONGEST_FIRST.index, default=Verdict.UNTESTED)
    if undecided and verdict is not Verdict.REFUTED:
        verdict, conditions = Verdict.UNTESTED, list(undecided)
    else:
        decisive = [found for found in recorded if verdict is Verdict.UNTESTED or found.verdict is not Verdict.UNTESTED]
        conditions = [*(found.condition for found in decisive if found.condition), *undecided]
    if not recorded and not undecided:
        conditions.append(NOT_IN_RUN)
    return ClaimResult(
        id=claim.id,
        text=claim.text,
        verdict=verdict,
        condition="; ".join(dict.fromkeys(conditions)),
        evidence=" ".join(found.evidence for found in recorded if found.evidence),
        cases=tuple(dict.fromkeys(repeated_case(found.case) for found in recorded)),
        question=claim.question,
        advice=claim.advice.get(verdict, ""),
    )


def _one_repetition(recorded: list[RecordedVerdict]) -> list[RecordedVerdict]:
    """Return the verdicts of one repetition of each case: the one with the strongest verdict."""
    chosen: dict[str, str] = {}
    for found in sorted(recorded, key=lambda found: STRONGEST_FIRST.index(found.verdict)):
        chosen.setdefault(repeated_case(found.case), found.case)
    return [found for found in recorded if found.case in chosen.values()]
