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
    KnownDelayCheck,
    KnownDelayFinding,
    LeftOverRulesFinding,
    ProxyRestartFinding,
    RequestKindMedian,
    RequestKindsFinding,
    SelfCheck,
    SelfCheckFinding,
    StatedFinding,
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
    "KnownDelayCheck",
    "KnownDelayFinding",
    "LeftOverRulesFinding",
    "MeasurementName",
    "ProxyRestartFinding",
    "RequestKindMedian",
    "RequestKindsFinding",
    "SelfCheck",
    "SelfCheckFinding",
    "StatedFinding",
]
