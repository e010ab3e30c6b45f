"""Measured distributions and their conditions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import SerializerFunctionWrapHandler, WrapSerializer

from reports.model.figure import Figure, OptionalFigure


class MeasurementName(StrEnum):
    """The names of all measurements.

    - `FIRST_PACKET`: from SYN to SYN-ACK through a ClusterIP whose endpoint is on another node.
    - `FIRST_PACKET_SAME_NODE`: the same with the endpoint on the generator's node.
    - `FIRST_PACKET_AA`: the same target as `FIRST_PACKET` under a second label (A/A pair).
    - `FIRST_PACKET_CORRECTED`: `FIRST_PACKET`, baseline-corrected, in results of earlier versions.
    - `FIRST_PACKET_UNTRACKED`: to the pod of `FIRST_PACKET`, on the same path without connection tracking and NAT.
    - `SERVICE_COST`: `FIRST_PACKET` minus `FIRST_PACKET_UNTRACKED`, of the same seconds; it has no samples of its own.
    - `CALIBRATION_CHAIN`: a first packet in a chain of rules that never match, measured at the same time.
    - `START_LATENESS`: how much later than intended the requests of a step started: the load generator's own delay.
    - `BASELINE`: the same request to a server in the generator's own pod.
    - `FIRST_PACKET_BY_ENDPOINTS`: to Services with different numbers of endpoints.
    - `PERSISTENT_REQUEST`: a request on a persistent connection, which opens no connection and traverses no rule.
    - `REQUEST_KIND`: each kind of request at the same rate.
    - `FIRST_PACKET_SLI`: from one node, by the definition of SIG Scalability's SLI: retransmitted SYNs included.
    - `KNOWN_DELAY`: a first packet on a path with a known added delay.
    - `UNDER_CHANGE`: requests before, during and after a change.
    - `PROGRAMMING`: from a change at the API server to its effect on connections from one node.
    """

    FIRST_PACKET = "first_packet"
    FIRST_PACKET_SAME_NODE = "first_packet_same_node"
    FIRST_PACKET_AA = "first_packet_aa"
    FIRST_PACKET_CORRECTED = "first_packet_corrected"
    FIRST_PACKET_UNTRACKED = "first_packet_untracked"
    SERVICE_COST = "service_cost"
    CALIBRATION_CHAIN = "calibration_chain"
    START_LATENESS = "start_lateness"
    BASELINE = "baseline"
    FIRST_PACKET_BY_ENDPOINTS = "first_packet_by_endpoints"
    PERSISTENT_REQUEST = "persistent_request"
    REQUEST_KIND = "request_kind"
    FIRST_PACKET_SLI = "first_packet_sli"
    KNOWN_DELAY = "known_delay"
    UNDER_CHANGE = "under_change"
    PROGRAMMING = "programming"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions of a measurement. A condition that does not apply is None, and is not stored.

    - `mode`, `substrate`: those of the node from which requests were sent.
    - `target`: what was requested; `connection`: "new" or "persistent"; `request_kind`: the kind of request.
    - `services`: number of dummy Services in the cluster; `step`: number of the sweep's step, from 0.
    - `endpoints`: number of endpoints of the target Service; `endpoint`: where its endpoint is.
    - `position`: the place of the target's rule among the targets' rules, or "same node" for the target whose endpoint
      is on the generator's node; `rules_walked`: how many rules come before it, and `rules_walked_after`: how many did
      at the end of the measurement; `rules_walked_there`: how many rules of the endpoint's node the packet traverses,
      which is that node's whole chain. None where the kernel looks service addresses up.
    - `clock`: "kernel" (TCP_INFO), "wall" (from the actual start), "corrected" (from the intended start) or "answered"
      (the kernel's, or from the actual start if the SYN was retransmitted).
    - `rate_per_s`: requests per second over all targets; `duration_s`: how long they were sent.
    - `change`, `part`: what changed, and whether before, during or after it. `node`: the node from which it was seen;
      `tried_every_ms`: how often.
    - `delay_us`: added delay per passage of the delayed device; `passages`: passages per handshake.
    - `baseline_us`: the baseline to which the measurement was corrected; `baseline_coefficient`: the microseconds by
      which the measurement grows when the baseline grows by one. In results of earlier versions.
    - `experiment`: what a measurement belongs to that is not about the run's own mode, such as one node in another
      mode. Charts and comparisons of runs leave it out.
    """

    mode: str | None = None
    substrate: str | None = None
    services: int | None = None
    step: int | None = None
    target: str | None = None
    connection: str | None = None
    request_kind: str | None = None
    endpoint: str | None = None
    endpoints: int | None = None
    position: str | None = None
    rules_walked: int | None = None
    rules_walked_after: int | None = None
    rules_walked_there: int | None = None
    clock: str | None = None
    rate_per_s: OptionalFigure = None
    duration_s: OptionalFigure = None
    change: str | None = None
    part: str | None = None
    node: str | None = None
    tried_every_ms: OptionalFigure = None
    delay_us: OptionalFigure = None
    passages: int | None = None
    baseline_us: OptionalFigure = None
    baseline_coefficient: OptionalFigure = None
    experiment: str | None = None


def _without_none(conditions: Conditions, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
    return {name: value for name, value in dump(conditions).items() if value is not None}


StoredConditions = Annotated[Conditions, WrapSerializer(_without_none)]


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """The samples of one part of a measurement's time, as an encoded HDR histogram (V2, base64).

    `begin_s` counts the time of the measurement's own loads only. A measurement has up to 75 slices, in order; between
    two of them, and within one, there may be time without samples, which `duration_s` leaves out.
    """

    begin_s: Figure
    duration_s: Figure
    histogram: str


@dataclass(frozen=True, slots=True)
class ChangeSample:
    """The effect of one change on one node.

    `number` counts the changes of this kind from 0, in the order in which they were made; `batch` counts the batches in
    which they were made. `latency_ms` is None if the effect was never seen, and negative if it was seen before the
    change was made.
    """

    number: int
    batch: int
    latency_ms: OptionalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A named distribution with its conditions.

    `quantiles` maps "p50", "p90", "p99" to values in `unit`; `ci95` maps the same names to the ends of a 95% interval;
    `histogram` is an encoded HDR histogram (V2, base64) in microseconds of all samples, without corrections.
    `time_slices` and `samples` hold what an interval is made of. `case` is the id of the case that measured it, empty
    in older results. `flags` holds objections to the number, e.g.
    "saturated: ...". `invalid_reason` says why no conclusion may be drawn from it; it is empty if conclusions may be
    drawn.
    """

    name: MeasurementName
    unit: str
    conditions: StoredConditions
    n: int
    errors: int
    quantiles: dict[str, Figure]
    ci95: dict[str, tuple[Figure, Figure]]
    histogram: str = ""
    time_slices: tuple[TimeSlice, ...] = ()
    samples: tuple[ChangeSample, ...] = ()
    flags: tuple[str, ...] = ()
    invalid_reason: str = ""
    case: str = ""

    @property
    def concludes(self) -> bool:
        """Return True if conclusions may be drawn from it."""
        return not self.invalid_reason
