"""Sentences about a live switch of kube-proxy to another mode."""

from __future__ import annotations

from reports.model.findings import KernelContents, LiveSwitchFinding, SwitchedTraffic
from reports.writers.readable import finite, fixed, many
from reports.writers.sentences.sentence import Sentence


def live_switch(found: LiveSwitchFinding) -> Sentence:
    traffic = "; ".join(map(_traffic, found.traffic))
    return Sentence(
        f"While kube-proxy on {found.node} was switched from {found.mode} to {found.other_mode} mode on the same "
        f"kernel: {traffic}. Of {many(found.persistent, 'persistent connection')} {found.broken} broke and "
        f"{found.stalled} stalled. The kernel had {_contents(found.before)} before and {_contents(found.after)} after "
        "the switch.",
        "one switch; each outage lasted from the first to the last failed try at least, and at most between the good "
        "ones around it",
    )


def _traffic(part: SwitchedTraffic) -> str:
    if not part.failed:
        return f"of {part.sent} {part.what} none failed"
    at_most_ms = finite(part.at_most_ms)
    most = "no try before or after it succeeded" if at_most_ms is None else f"at most {fixed(at_most_ms, 0)} ms"
    return (
        f"of {part.sent} {part.what} {part.failed} failed, the longest outage lasting at least "
        f"{fixed(part.at_least_ms, 0)} ms ({most})"
    )


def _contents(kernel: KernelContents) -> str:
    device = "kube-ipvs0" if kernel.ipvs_device else "no kube-ipvs0"
    return (
        f"{many(kernel.iptables_rules, 'rule')} of iptables, {many(kernel.nftables_rules, 'rule')} of nftables, "
        f"{many(kernel.virtual_servers, 'virtual server')} and {device}"
    )
