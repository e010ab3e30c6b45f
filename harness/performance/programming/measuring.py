"""Measure network programming latency: how long a change takes from the API to every node's kernel.

As SIG Scalability defines it, network programming latency ends when the kernel holds the rules
(https://git.k8s.io/community/sig-scalability/slos/network_programming_latency.md), and kube-proxy measures it itself.
Here it ends when connections from the node are answered, or no longer answered, which is what a user notices.

Each change is made at a random moment of an interval of its own. At equal intervals, changes would always come at the
same few moments between two syncs of kube-proxy, which syncs at most once a second. A change that has not taken effect
when the watch ends counts as an error and is not left out, and so does one whose effect was seen before it was made.

Each try traverses kube-proxy's rules. In iptables mode at 10,000 Services this takes a millisecond of CPU time, which
kube-proxy needs. The interval of a node's tries is therefore chosen so that they use a small share of a CPU
(`pod/prober.py`), and it is recorded with the results. It is the precision of latencies of changes that take effect
together, as those of one sync do; a change that takes effect alone is seen when its address is next tried.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from clusters.cluster import Cluster
from clusters.host.progress import Progress
from clusters.spec import Substrate
from harness.dataplane.modes import DATA_PLANES
from harness.load.plan import Target
from harness.performance.programming.changes import Change, Subject, clear, make, prepare
from harness.performance.programming.probes import Probe, Probers, Seen
from harness.statistics.histogram import encode
from harness.statistics.stored import with_quantiles
from reports.model import ChangeSample, Conditions, Measurement, MeasurementName

US_PER_MS, US_PER_S = 1000.0, 1e6
SHARE = 0.05
"""The share of a CPU that the tries of one node may use."""

TRY_US = {Substrate.HOST: 60.0, Substrate.UML: 500.0}
"""The approximate CPU time of a try, without the rules that it traverses."""

LEAST_S = 0.002
"""The shortest interval of tries."""

WATCH_S = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The timing of changes and tries.

    Changes are made in batches of up to `together` of each kind, in random order, each at a random moment of its own
    `apart_s` seconds. What disturbs a batch disturbs all of its changes, so they are few: many small batches tell more
    than few large ones. Probers are started `lead_s` seconds before a batch. A node tries one address every `every_s`
    seconds.
    """

    every_s: float = LEAST_S
    together: int = 5
    apart_s: float = 0.2
    lead_s: float = 3.0


def pace_at(cluster: Cluster, services: int) -> Pace:
    """Return the shortest interval of tries that keeps their CPU share at this number of Services."""
    cost_us = TRY_US[cluster.substrate] + DATA_PLANES[cluster.mode].rule_us * services
    return Pace(every_s=max(LEAST_S, cost_us / US_PER_S / SHARE))


@dataclass(frozen=True, slots=True)
class Sample:
    """The latency of one change on one node.

    It is None if the change never took effect, and negative if its effect was seen before it was made. Changes of one
    kind are numbered from 0, and so are the batches, in which changes of all kinds are made.
    """

    change: Change
    node: str
    latency_ms: float | None
    number: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class _Due:
    """A change that a batch makes; `number` counts the changes of its kind."""

    subject: Subject
    change: Change
    number: int


def measure_changes(
    probers: Probers,
    all_subjects: Sequence[Subject],
    liveness_target: Target,
    pace: Pace,
    seed: int,
    progress: Progress,
) -> tuple[Sample, ...]:
    """Make every change to every subject; return a sample for each change and node.

    Subjects are changed in groups of `pace.together`. Each batch makes the first change to one group, the second one to
    the group before it, and so on. The liveness target is a Service that does not change.
    """
    kube, namespace, generator = probers.kube, probers.namespace, random.Random(seed)
    groups = [all_subjects[begin : begin + pace.together] for begin in range(0, len(all_subjects), pace.together)]
    samples: list[Sample] = []
    for batch in range(len(groups) + len(Change) - 1):
        if batch < len(groups):
            progress.note(f"changing {groups[batch][0].name} to {groups[batch][-1].name}")
            for subject in groups[batch]:
                prepare(kube, namespace, subject)
        due = list(_due(groups, batch, pace))
        generator.shuffle(due)
        samples += _made(probers, due, batch, liveness_target, pace, generator)
        done = batch - len(Change) + 1
        if done >= 0:
            clear(kube, namespace, groups[done])
    return tuple(samples)


def _due(groups: Sequence[Sequence[Subject]], batch: int, pace: Pace) -> Iterator[_Due]:
    """Yield the changes of a batch: to each group the change that comes after those of earlier batches."""
    for earlier, change in enumerate(Change):
        number = batch - earlier
        if 0 <= number < len(groups):
            for place, subject in enumerate(groups[number]):
                yield _Due(subject, change, number * pace.together + place)


def _made(
    probers: Probers,
    due: Sequence[_Due],
    batch: int,
    liveness_target: Target,
    pace: Pace,
    generator: random.Random,
) -> Iterator[Sample]:
    """Make the changes of a batch in this order, each at a random moment of its own interval."""
    begin_s = time.time() + pace.lead_s
    moments_s = [begin_s + (place + generator.random()) * pace.apart_s for place in range(len(due))]
    probes = [Probe(one.subject.target, at_s, one.change.makes) for one, at_s in zip(due, moments_s, strict=True)]
    with probers.watching(probes, liveness_target, every_s=pace.every_s, limit_s=WATCH_S) as watching:
        sent_s = []
        for one, at_s in zip(due, moments_s, strict=True):
            time.sleep(max(0.0, at_s - time.time()))  # until its moment
            sent_s.append(make(probers.kube, probers.namespace, one.subject, one.change))
        by_node = {node: future.result() for node, future in watching.items()}
    for node, seen in by_node.items():
        for one, begun_s, found in zip(due, sent_s, seen, strict=True):
            yield Sample(one.change, node, latency_ms(begun_s, found), one.number, batch)


def latency_ms(sent_s: float, seen: Seen) -> float | None:
    """Return the time from sending the change to the first try that saw it; None if none did."""
    return None if seen.changed_s is None else (seen.changed_s - sent_s) * 1000


def measurements(samples: Sequence[Sample], pace: Pace, conditions: Conditions) -> Iterator[Measurement]:
    """Yield a measurement for each kind of change and each node, in milliseconds; its histogram is in microseconds."""
    for change in Change:
        for node in dict.fromkeys(sample.node for sample in samples):
            here = replace(conditions, change=str(change), node=node, tried_every_ms=round(pace.every_s * 1000, 1))
            of_node = [sample for sample in samples if (sample.change, sample.node) == (change, node)]
            yield _measurement(of_node, here)


def _measurement(samples: Sequence[Sample], conditions: Conditions) -> Measurement:
    found_ms = [sample.latency_ms for sample in samples]
    latencies_ms = [value for value in found_ms if value is not None and value >= 0]
    lost = found_ms.count(None)
    early = len(found_ms) - len(latencies_ms) - lost
    flags = (
        *((f"not seen within {WATCH_S:.0f} s: {lost} changes",) if lost else ()),
        *((f"seen before they were made: {early} changes",) if early else ()),
        *(() if latencies_ms else ("no samples",)),
    )
    return with_quantiles(
        Measurement(
            name=MeasurementName.PROGRAMMING,
            unit="ms",
            conditions=conditions,
            n=len(latencies_ms),
            errors=lost + early,
            quantiles={},
            ci95={},
            histogram=encode(round(value * US_PER_MS) for value in latencies_ms) if latencies_ms else "",
            samples=tuple(ChangeSample(sample.number, sample.batch, sample.latency_ms) for sample in samples),
            flags=flags,
        )
    )
