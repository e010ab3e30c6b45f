"""Sentences about findings, made from their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports.model.findings import (
    BusyHostFinding,
    CapacityFinding,
    CostFinding,
    CostPerRuleFinding,
    DelayedConnectionsFinding,
    EndpointsFinding,
    Finding,
    FirstPacketSliFinding,
    FlakesFinding,
    GeneratorsFinding,
    GrowthFinding,
    KnownDelayFinding,
    LiveSwitchFinding,
    MassProgrammingFinding,
    PlantedFaultFinding,
    ProxyRestartFinding,
    RequestKindsFinding,
    RequestsPerCpuSecondFinding,
    SelfCheckFinding,
    StatedFinding,
    UnderChangeFinding,
)
from reports.writers.sentences import checks, run, sweep, switch, traffic
from reports.writers.sentences.sentence import Sentence

SENTENCES: dict[type, Callable[[Any], Sentence]] = {
    SelfCheckFinding: checks.self_checks,
    KnownDelayFinding: checks.known_delay,
    GrowthFinding: sweep.growth,
    CostFinding: sweep.cost,
    CostPerRuleFinding: sweep.cost_per_rule,
    EndpointsFinding: sweep.endpoints,
    RequestKindsFinding: sweep.request_kinds,
    FirstPacketSliFinding: sweep.first_packet_sli,
    CapacityFinding: sweep.capacity,
    GeneratorsFinding: sweep.generators,
    BusyHostFinding: sweep.busy_host,
    RequestsPerCpuSecondFinding: sweep.requests_per_cpu_second,
    UnderChangeFinding: traffic.under_change,
    MassProgrammingFinding: traffic.mass_programming,
    ProxyRestartFinding: traffic.proxy_restart,
    LiveSwitchFinding: switch.live_switch,
    DelayedConnectionsFinding: traffic.delayed_connections,
    FlakesFinding: run.flakes,
    PlantedFaultFinding: run.planted_fault,
    StatedFinding: run.stated,
}


def sentence(finding: Finding) -> Sentence:
    """Return a finding's statement and the method behind it."""
    return SENTENCES[type(finding)](finding)
