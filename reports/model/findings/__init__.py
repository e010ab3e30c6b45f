"""The conclusions of a run: one record per kind of finding, with its numbers. Writers make sentences from them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reports.model.findings.checks import (
    AAPairsCheck,
    CostPerRuleCheck,
    CostPerServiceCheck,
    KnownDelayCheck,
    KnownDelayFinding,
    MeasuredDelay,
    NoCostPerRule,
    SelfCheck,
    SelfCheckFinding,
    StatedCheck,
    StepsCheck,
)
from reports.model.findings.first_packet_sli import FirstPacketSliFinding, NodeFirstPacket
from reports.model.findings.run import (
    Detection,
    FailureRate,
    FlakesFinding,
    FlakyCase,
    PlantedFaultFinding,
    StatedFinding,
)
from reports.model.findings.sweep import (
    BusyHostFinding,
    CapacityFinding,
    ClockTail,
    CostFinding,
    CostPerRuleFinding,
    EndpointsDifference,
    EndpointsFinding,
    GeneratorLatency,
    GeneratorsFinding,
    GrowthConclusion,
    GrowthFinding,
    LinePoint,
    RateAttempt,
    RequestKindMedian,
    RequestKindsFinding,
    RequestsPerCpuSecondFinding,
    StepCostPerRule,
    StepUsage,
    UserEfficiency,
)
from reports.model.findings.switch import (
    KernelContents,
    LiveSwitchFinding,
    SwitchedConnections,
    SwitchedTraffic,
    SwitchOutage,
)
from reports.model.findings.traffic import (
    DelayedConnectionsFinding,
    MassProgrammingFinding,
    NodeArrivals,
    PartFailures,
    ProxyRestartFinding,
    UnderChangeFinding,
)

Finding = Annotated[
    SelfCheckFinding
    | KnownDelayFinding
    | GrowthFinding
    | CostFinding
    | CostPerRuleFinding
    | EndpointsFinding
    | RequestKindsFinding
    | FirstPacketSliFinding
    | CapacityFinding
    | GeneratorsFinding
    | BusyHostFinding
    | RequestsPerCpuSecondFinding
    | UnderChangeFinding
    | MassProgrammingFinding
    | ProxyRestartFinding
    | LiveSwitchFinding
    | DelayedConnectionsFinding
    | FlakesFinding
    | PlantedFaultFinding
    | StatedFinding,
    Field(discriminator="kind"),
]
"""A conclusion from measurements or cases; `kind` says which."""

__all__ = [
    "AAPairsCheck",
    "BusyHostFinding",
    "CapacityFinding",
    "ClockTail",
    "CostFinding",
    "CostPerRuleCheck",
    "CostPerRuleFinding",
    "CostPerServiceCheck",
    "DelayedConnectionsFinding",
    "Detection",
    "EndpointsDifference",
    "EndpointsFinding",
    "FailureRate",
    "Finding",
    "FirstPacketSliFinding",
    "FlakesFinding",
    "FlakyCase",
    "GeneratorLatency",
    "GeneratorsFinding",
    "GrowthConclusion",
    "GrowthFinding",
    "KernelContents",
    "KnownDelayCheck",
    "KnownDelayFinding",
    "LinePoint",
    "LiveSwitchFinding",
    "MassProgrammingFinding",
    "MeasuredDelay",
    "NoCostPerRule",
    "NodeArrivals",
    "NodeFirstPacket",
    "PartFailures",
    "PlantedFaultFinding",
    "ProxyRestartFinding",
    "RateAttempt",
    "RequestKindMedian",
    "RequestKindsFinding",
    "RequestsPerCpuSecondFinding",
    "SelfCheck",
    "SelfCheckFinding",
    "StatedCheck",
    "StatedFinding",
    "StepCostPerRule",
    "StepUsage",
    "StepsCheck",
    "SwitchOutage",
    "SwitchedConnections",
    "SwitchedTraffic",
    "UnderChangeFinding",
    "UserEfficiency",
]
