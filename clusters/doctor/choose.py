"""Choice of the source and the substrate, each with the reason in words."""

from __future__ import annotations

from clusters.doctor.check import Check, Question, Verdict
from clusters.doctor.checks.engine import check_architecture, check_capabilities
from clusters.doctor.checks.rules import check_ipvs
from clusters.doctor.checks.sources import check_registry
from clusters.doctor.facts import Facts
from clusters.doctor.host import Host
from clusters.modes import REQUIREMENTS, KernelPart
from clusters.spec import Mode, Source, Substrate


def choose_source(host: Host, kubernetes: str | None = None) -> tuple[Source, str]:
    """Return source `registry` if its images can be pulled and run here, otherwise `built`, and the reason.

    Takes a few seconds at most.
    """
    return source_for(Facts(host, Question(kubernetes=kubernetes)))


def choose_substrate(mode: Mode, host: Host) -> tuple[Substrate, str]:
    """Return substrate `host` if the host's kernel supports the mode, otherwise `uml`, and the reason."""
    return substrate_for(mode, Facts(host, Question((mode,))))


def source_for(facts: Facts) -> tuple[Source, str]:
    """Return what `choose_source` returns, from facts that were already read."""
    limits = () if facts.engine_elsewhere else check_capabilities(facts)
    for check in (*limits, *check_registry(facts)):
        if check.verdict is Verdict.UNFIT and check.sources == frozenset({Source.REGISTRY}):
            return Source.BUILT, check.seen
    return Source.REGISTRY, "container registries respond"


def substrate_for(mode: Mode, facts: Facts) -> tuple[Substrate, str]:
    """Return what `choose_substrate` returns, from facts that were already read."""
    if KernelPart.IP_VS not in REQUIREMENTS[mode].kernel_parts:
        return Substrate.HOST, f"the host's own kernel is the first choice for {mode}"
    if facts.engine_elsewhere:
        return Substrate.HOST, "the engine's kernel cannot be examined from here"
    problems = [check for check in check_ipvs(facts) if check.verdict is not Verdict.OK]
    if not problems:
        return Substrate.HOST, "the host's kernel has ip_vs and ipsets"
    if _rules_out_uml(check_architecture(facts)):
        return Substrate.HOST, "user-mode Linux does not run on this architecture"
    return Substrate.UML, f"{problems[0].name}: {problems[0].seen}"


def _rules_out_uml(checks: tuple[Check, ...]) -> bool:
    return any(check.verdict is Verdict.UNFIT and check.substrates == frozenset({Substrate.UML}) for check in checks)
