"""The examination of the host: all checks, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable

from clusters.doctor.check import Check, Plan, Question
from clusters.doctor.checks.engine import (
    check_architecture,
    check_capabilities,
    check_cgroups,
    check_elsewhere,
    check_engine,
)
from clusters.doctor.checks.limits import check_conntrack, check_disk, check_inotify, check_memory, check_open_files
from clusters.doctor.checks.releases import check_kubernetes
from clusters.doctor.checks.rules import check_iptables, check_ipvs, check_kernel_version, check_nftables
from clusters.doctor.checks.sources import check_building, check_kind, check_registry
from clusters.doctor.checks.stock import Stock
from clusters.doctor.checks.tools import check_tools, check_uml_modes
from clusters.doctor.choose import source_for, substrate_for
from clusters.doctor.facts import Facts
from clusters.doctor.host import Host
from clusters.doctor.report import DoctorReport
from clusters.spec import ClusterSpec, Source

ANYWHERE: tuple[Callable[[Facts], tuple[Check, ...]], ...] = (
    check_engine,
    check_elsewhere,
    check_architecture,
    check_cgroups,
    check_kubernetes,
    check_kind,
    check_registry,
)
ON_THE_ENGINES_HOST: tuple[Callable[[Facts], tuple[Check, ...]], ...] = (
    check_capabilities,
    check_tools,
    check_iptables,
    check_nftables,
    check_kernel_version,
    check_ipvs,
    check_inotify,
    check_open_files,
    check_conntrack,
    check_memory,
)
"""The checks that are valid only on the engine's host, whose kernel the nodes share."""


def examine(question: Question | ClusterSpec, host: Host) -> DoctorReport:
    """Run all checks that the question needs. Change nothing on the host, and return within seconds."""
    facts = Facts(host, Question.of(question) if isinstance(question, ClusterSpec) else question)
    plans = tuple(plan_for_each_mode(facts))
    checks = [check for run in ANYWHERE for check in run(facts)]
    if not facts.engine_elsewhere:
        checks += [check for run in ON_THE_ENGINES_HOST for check in run(facts)]
    checks += check_uml_modes(facts)
    for source in sorted({plan.source for plan in plans}):
        stock = Stock.of(facts, source, frozenset(plan.substrate for plan in plans))
        if source is Source.BUILT:
            checks += check_building(facts, stock)
        if not facts.engine_elsewhere:
            checks += check_disk(facts, stock)
    modes = frozenset(facts.question.modes)
    (kubernetes,) = {facts.version_of(plan.source) for plan in plans}
    return DoctorReport(plans, tuple(check for check in checks if check.modes & modes), kubernetes)


def plan_for_each_mode(facts: Facts) -> list[Plan]:
    """Return the plan for each mode: source and substrate as requested, or as chosen if left open."""
    question = facts.question
    source, why_source = (question.source, "as requested") if question.source else source_for(facts)
    plans = []
    for mode in question.modes:
        substrate, why = (question.substrate, "as requested") if question.substrate else substrate_for(mode, facts)
        plans.append(Plan(mode, source, substrate, f"source {source}: {why_source}; substrate {substrate}: {why}"))
    return plans
