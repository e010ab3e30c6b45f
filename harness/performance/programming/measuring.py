"""How long a change takes from the API to every node's kernel, at a number of Services.

Network programming latency, as SIG Scalability defines it, ends when the kernel holds the rules
(https://git.k8s.io/community/sig-scalability/slos/network_programming_latency.md) and is measured by kube-proxy itself.
Here it ends when a connection from the node is answered, or no longer, which is what a user has of it. Each change
comes at a random moment of a stretch of its own: at equal distances they would meet kube-proxy, which syncs once a
second at most, at the same few moments between two syncs. A change that has not arrived when the watch ends is counted
as an error, never left out, and so is one whose effect was seen before it was made.

Each try walks kube-proxy's rules, which in iptables mode at 10,000 Services takes a millisecond of a processor that
kube-proxy needs. So a node's tries are as far apart as lets them have a small share of it (`pod/prober.py`), which is
told with the numbers: it is what they can be known to where changes arrive together, as in a sync they do; one that
arrives alone is seen when its turn comes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clusters.cluster import Cluster
from clusters.progress import Progress
from clusters.spec import Mode, Substrate
from harness.load.plan import Target
from harness.performance.programming.changes import Change, Subject, clear, make, prepare
from harness.performance.programming.probes import Probe, Probers, Seen
from harness.statistics.histogram import block_counts, encode, merge
from harness.statistics.quantile_interval import quantile, quantile_interval
from reports.model import Measurement

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
US_PER_MS, US_PER_S = 1000.0, 1e6
SHARE = 0.05
"""Of a processor, for the tries of one node."""

TRY_US = {Substrate.HOST: 60.0, Substrate.UML: 500.0}
RULE_US = {Mode.IPTABLES: 0.1, Mode.IPVS: 0.0, Mode.NFTABLES: 0.0}
"""Of a processor, about, for a try and for each rule that it walks: one a Service, in iptables mode (docs/results)."""

LEAST_S = 0.002

WATCH_S = 60.0
BLOCK = 5
"""Changes that follow each other closely often share a sync, so they are drawn together."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`batch` changes of a kind, each within `apart_s` of its own, then of the next; probers start `lead_s` before.

    A node tries an address each `every_s`.
    """

    every_s: float = LEAST_S
    batch: int = 25
    apart_s: float = 0.2
    lead_s: float = 3.0


def pace_at(cluster: Cluster, services: int) -> Pace:
    """As fast as the tries' share of a processor allows at so many Services."""
    cost_us = TRY_US[cluster.substrate] + RULE_US[cluster.mode] * services
    return Pace(every_s=max(LEAST_S, cost_us / US_PER_S / SHARE))


@dataclass(frozen=True, slots=True)
class Sample:
    """One change as seen from one node; `latency_ms` is None if it did not arrive, negative if its effect was there
    before it."""

    change: Change
    node: str
    latency_ms: float | None


def measure_changes(
    probers: Probers,
    all_subjects: Sequence[Subject],
    witness: Target,
    pace: Pace,
    seed: int,
    progress: Progress,
) -> tuple[Sample, ...]:
    """Take every subject through every change; a sample for each change and node. The witness is another Service."""
    kube, namespace = probers.kube, probers.namespace
    samples: list[Sample] = []
    generator = random.Random(seed)
    for begin in range(0, len(all_subjects), pace.batch):
        batch = all_subjects[begin : begin + pace.batch]
        progress.note(f"changes of {batch[0].name} to {batch[-1].name}")
        for subject in batch:
            prepare(kube, namespace, subject)
        for change in Change:
            samples += _one_kind(probers, batch, change, witness, pace, generator)
        clear(kube, namespace, batch)
    return tuple(samples)


def _one_kind(
    probers: Probers,
    batch: Sequence[Subject],
    change: Change,
    witness: Target,
    pace: Pace,
    generator: random.Random,
) -> Iterator[Sample]:
    begin_s = time.time() + pace.lead_s
    moments_s = [begin_s + (number + generator.random()) * pace.apart_s for number in range(len(batch))]
    probes = [Probe(subject.target, at_s, change.makes) for subject, at_s in zip(batch, moments_s, strict=True)]
    with probers.watching(probes, witness, every_s=pace.every_s, limit_s=WATCH_S) as watching:
        sent_s = []
        for subject, at_s in zip(batch, moments_s, strict=True):
            time.sleep(max(0.0, at_s - time.time()))  # until its moment
            sent_s.append(make(probers.kube, probers.namespace, subject, change))
        seen = {node: told.result() for node, told in watching.items()}
    for node, told in seen.items():
        for begun_s, one in zip(sent_s, told, strict=True):
            yield Sample(change, node, latency_ms(begun_s, one))


def latency_ms(sent_s: float, seen: Seen) -> float | None:
    """From sending the change to the first try that saw it."""
    return None if seen.changed_s is None else (seen.changed_s - sent_s) * 1000


def measurements(
    samples: Sequence[Sample], pace: Pace, conditions: dict[str, object], generator: np.random.Generator
) -> Iterator[Measurement]:
    """A record for each kind of change and each node; in milliseconds, its histogram in microseconds."""
    for change in Change:
        for node in dict.fromkeys(sample.node for sample in samples):
            told = [sample.latency_ms for sample in samples if (sample.change, sample.node) == (change, node)]
            here = {
                **conditions,
                "change": str(change),
                "node": node,
                "tried_every_ms": round(pace.every_s * 1000, 1),
            }
            yield _measurement(told, here, generator)


def _measurement(
    told_ms: Sequence[float | None], conditions: dict[str, object], generator: np.random.Generator
) -> Measurement:
    latencies_ms = [value for value in told_ms if value is not None and value >= 0]
    lost = sum(value is None for value in told_ms)
    early = len(told_ms) - len(latencies_ms) - lost
    flags = (
        *((f"not seen within {WATCH_S:.0f} s: {lost} changes",) if lost else ()),
        *((f"seen before they were made: {early} changes",) if early else ()),
    )
    errors = lost + early
    if not latencies_ms:
        return Measurement("programming", "ms", conditions, 0, errors, {}, {}, "", (*flags, "no sample at all"))
    blocks = [
        encode(round(value * US_PER_MS) for value in latencies_ms[begin : begin + BLOCK])
        for begin in range(0, len(latencies_ms), BLOCK)
    ]
    counts = block_counts(blocks)
    ends = {label: quantile_interval(counts, q, generator) for label, q in QUANTILES.items()}
    return Measurement(
        name="programming",
        unit="ms",
        conditions=conditions,
        n=counts.n,
        errors=errors,
        quantiles={label: quantile(counts, q) / US_PER_MS for label, q in QUANTILES.items()},
        ci95={label: (low / US_PER_MS, high / US_PER_MS) for label, (low, high) in ends.items()},
        histogram=merge(blocks),
        flags=flags,
    )
