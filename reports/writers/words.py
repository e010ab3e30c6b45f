"""The sentences that summarise a run."""

from __future__ import annotations

from collections import Counter

from reports.model import ClaimResult, Outcome, RunResults, Verdict
from reports.model.findings import Detection, PlantedFaultFinding, SelfCheckFinding
from reports.writers.readable import many, seconds

SLOWEST = 10


def outcome_counts(results: RunResults) -> str:
    """Return how many cases had each outcome, without outcomes that no case had."""
    counts = {outcome: results.count(outcome) for outcome in Outcome}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "none"


def by_verdict(results: RunResults, verdict: Verdict) -> tuple[ClaimResult, ...]:
    """Return the claims with this verdict that a case of the run could decide. `left_out` has the others."""
    return tuple(claim for claim in results.claims if claim.verdict is verdict and claim.in_run)


def left_out(results: RunResults) -> str:
    """Return the numbers of the claims that no case of the run decides."""
    return ", ".join(claim.id for claim in results.claims if not claim.in_run)


def slowest(results: RunResults) -> str:
    """Return the ten slowest cases with their duration in seconds, including set-up and tear-down."""
    ranked = sorted(results.cases, key=lambda case: -seconds(case.duration_s))[:SLOWEST]
    return ", ".join(f"{case.id.rpartition('::')[2]} {seconds(case.duration_s):.0f} s" for case in ranked)


def planted(results: RunResults) -> tuple[PlantedFaultFinding, ...]:
    """Return the findings about faults that were planted in this run."""
    return tuple(finding for finding in results.findings if isinstance(finding, PlantedFaultFinding))


def planted_score(results: RunResults) -> str:
    """Return how many planted faults were caught, noticed by accident, or not noticed; "" if none was planted."""
    faults = planted(results)
    if not faults:
        return ""
    count = Counter(fault.detection for fault in faults)
    too_wide = f", {count[Detection.TOO_WIDE]} too wide" if count[Detection.TOO_WIDE] else ""
    return (
        f"{count[Detection.CAUGHT]} of {many(len(faults), 'planted fault')} caught, "
        f"{count[Detection.BY_ACCIDENT]} noticed by accident, {count[Detection.MISSED]} not noticed{too_wide}"
    )


def failed_self_checks(results: RunResults) -> tuple[SelfCheckFinding, ...]:
    """Return the findings about self-checks that failed."""
    return tuple(found for found in results.findings if isinstance(found, SelfCheckFinding) and not found.holds)


def nothing_ran(results: RunResults) -> str:
    """Return how many cases were skipped and the most frequent reason; "" if any case ran."""
    if not results.all_skipped:
        return ""
    ((reason, times),) = Counter(case.reason for case in results.cases).most_common(1)
    cases = f"all {len(results.cases)} cases were" if len(results.cases) > 1 else "the only case was"
    often = "" if times == len(results.cases) else f" (most frequent reason, {times} times)"
    return f"Nothing was tested: {cases} skipped{often}: {reason.partition(chr(10))[0].rstrip('.')}."
