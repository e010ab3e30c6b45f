"""Sentences about traffic and programming while something changes."""

from __future__ import annotations

from reports.model.findings import (
    DelayedConnectionsFinding,
    MassProgrammingFinding,
    PartFailures,
    ProxyRestartFinding,
    UnderChangeFinding,
)
from reports.writers.readable import finite, fixed, many, short
from reports.writers.sentences.sentence import Sentence

MOST_MESSAGES = 3
"""The number of different error messages that a sentence lists."""


def under_change(found: UnderChangeFinding) -> Sentence:
    parts = "; ".join(map(_part, found.parts))
    return Sentence(
        f"{found.change}, in {found.mode} mode at {short(found.rate_per_s)} requests per second: {parts}.",
        f"{found.request_kind} requests, every failure counted",
    )


def _part(part: PartFailures) -> str:
    if not part.duration_s:
        return f"{part.part} it nothing was sent"
    when = f"{part.part} it ({fixed(part.duration_s, 0)} s)"
    if not part.messages:
        return f"{when} no request failed"
    ranked = sorted(part.messages.items(), key=lambda entry: -entry[1])[:MOST_MESSAGES]
    listed = ", ".join(f"{number} x {message}" for message, number in ranked)
    return f"{when} {sum(part.messages.values())} failed ({listed})"


def mass_programming(found: MassProgrammingFinding) -> Sentence:
    last_s = {node.node: _largest(node.after_s) for node in found.nodes}
    away_s = {node.node: _largest(node.away_s) for node in found.nodes if node.away_s}
    watched = max((len(node.after_s) for node in found.nodes), default=0)
    lost = sum(node.after_s.count(None) for node in found.nodes)
    arrived = ", ".join(
        f"never on {node}" if end_s is None else f"{fixed(end_s, 2)} s on {node}" for node, end_s in last_s.items()
    )
    away = ", ".join(f"{fixed(longest_s, 2)} s on {node}" for node, longest_s in away_s.items())
    statement = (
        f"{found.change} ({found.mode} mode): time until the last of {many(watched, 'watched Service')} was reachable"
        f"{' again' if away else ''}: {arrived}"
    )
    statement += f"; the longest time for which one was unreachable was {away}" if away else ""
    statement += f"; {lost} never became reachable" if lost else ""
    statement += f". The change itself was done after {fixed(found.done_s, 2)} s."
    return Sentence(statement, f"a try from each node every {short(found.tried_every_ms)} ms; once")


def _largest(values: tuple[float | None, ...]) -> float | None:
    return max((shown for shown in map(finite, values) if shown is not None), default=None)


def proxy_restart(found: ProxyRestartFinding) -> Sentence:
    return Sentence(
        f"While kube-proxy on {found.node} was replaced ({found.mode} mode), {found.lost} of "
        f"{many(found.new, 'new connection')} failed and {found.delayed} succeeded only after a retransmitted SYN. Of "
        f"{many(found.persistent, 'persistent connection')} {found.broken} broke and {found.stalled} stalled; "
        f"{many(found.retransmits, 'segment')} of theirs {_were(found.retransmits)} retransmitted.",
        "one restart on one node",
    )


def delayed_connections(found: DelayedConnectionsFinding) -> Sentence:
    return Sentence(
        f"{found.delayed} of {many(found.connections, 'connection')} of {found.case} succeeded only after a "
        f"retransmitted SYN; the slowest took {fixed(found.slowest_s)} s to connect.",
        "counted by the clients' kernels",
    )


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
