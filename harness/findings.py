"""The records of findings and measurements that suites make. The report's writers make sentences from them."""

from __future__ import annotations

from reports.model import Conditions, Interval, MeasurementName
from reports.model.findings import (
    BusyHostFinding,
    ClockTail,
    CostPerServiceCheck,
    EndpointsDifference,
    EndpointsFinding,
    GeneratorLatency,
    GeneratorsFinding,
    KernelContents,
    KnownDelayCheck,
    KnownDelayFinding,
    ProxyRestartFinding,
    RequestKindMedian,
    RequestKindsFinding,
    RequestsPerCpuSecondFinding,
    SelfCheck,
    SelfCheckFinding,
    StatedFinding,
    UserEfficiency,
)

__all__ = [
    "BusyHostFinding",
    "ClockTail",
    "Conditions",
    "CostPerServiceCheck",
    "EndpointsDifference",
    "EndpointsFinding",
    "GeneratorLatency",
    "GeneratorsFinding",
    "Interval",
    "KernelContents",
    "KnownDelayCheck",
    "KnownDelayFinding",
    "MeasurementName",
    "ProxyRestartFinding",
    "RequestKindMedian",
    "RequestKindsFinding",
    "RequestsPerCpuSecondFinding",
    "SelfCheck",
    "SelfCheckFinding",
    "StatedFinding",
    "UserEfficiency",
]
