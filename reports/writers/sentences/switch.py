"""Sentences about live switches of kube-proxy to another mode."""

from __future__ import annotations

import math

from reports.model.findings import KernelContents, LiveSwitchFinding, SwitchedTraffic
from reports.writers.readable import finite, fixed, many
from reports.writers.sentences.sentence import Sentence


def live_switch(found: LiveSwitchFinding) -> Sentence:
    traffic = "; ".join(map(_traffic, found.traffic))
    kept = found.connections
    confidence = fixed(100 * median_confidence(found.switches), 0)
    sure = f"; the median outage is between the ends given, with {confidence}% confidence"
    return Sentence(
        f"kube-proxy on {found.node} was switched {many(found.switches, 'time')} from {found.mode} to "
        f"{found.other_mode} mode on the same kernel: {traffic}. Of {many(kept.opened, 'persistent connection')} "
        f"{kept.broken} broke and {kept.stalled} stalled; connection tracking had {kept.tracked} established "
        f"entries for that Service before and {kept.still_tracked} of them after the switch. The kernel had "
        f"{_contents(found.before)} before and {_contents(found.after)} after the first switch.",
        "each outage lasted from the first to the last failed try at least, and at most between the good ones around it"
        + (sure if found.switches > 1 else ""),
    )


def median_confidence(samples: int) -> float:
    """Return the probability that the median is between the smallest and the largest of so many independent samples.

    It is outside only if all samples are on one side of it: H. A. David and H. N. Nagaraja, Order Statistics, 7.1.
    """
    return 1 - 2 * 0.5**samples if samples else 0.0


def _traffic(part: SwitchedTraffic) -> str:
    if not part.failed:
        return f"of {part.sent} {part.what} none failed"
    shortest_ms = min(outage.at_least_ms for outage in part.outages)
    longest_ms = max(math.inf if outage.at_most_ms is None else outage.at_most_ms for outage in part.outages)
    longest = "no known limit" if finite(longest_ms) is None else f"{fixed(longest_ms, 0)} ms"
    return f"of {part.sent} {part.what} {part.failed} failed, in outages of {fixed(shortest_ms, 0)} ms to {longest}"


def _contents(kernel: KernelContents) -> str:
    device = "kube-ipvs0" if kernel.ipvs_device else "no kube-ipvs0"
    return (
        f"{many(kernel.iptables_rules, 'rule')} of iptables, {many(kernel.nftables_rules, 'rule')} of nftables, "
        f"{many(kernel.virtual_servers, 'virtual server')} and {device}"
    )
