"""What a kube-proxy has used since its start, and what it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

TICKS_PER_S = 100
"""In which Linux tells processor time, on every processor that Kubernetes runs on (sysconf(3), _SC_CLK_TCK)."""

OWN, WAITED_FOR = slice(11, 13), slice(13, 15)
"""utime and stime, cutime and cstime among the fields behind the program's name; proc_pid_stat(5) counts the same from
14 on."""

SYNCS = re.compile(
    r"^kubeproxy_sync_proxy_rules_duration_seconds_(?P<what>sum|count)(?:\{[^}]*\})? (?P<value>\S+)$", re.MULTILINE
)
MEMORY = re.compile(r"^process_resident_memory_bytes (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Syncs:
    """How often a kube-proxy has brought its rules up to date since its start, and the seconds that took in all."""

    count: int
    total_s: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time of a kube-proxy since its start, and what it holds now.

    `cpu_s` is the process's own; `programs_cpu_s` that of the programs it has run and waited for (iptables-restore,
    nft, ipset), which may be more than its own.
    """

    cpu_s: float
    programs_cpu_s: float
    memory_bytes: int
    syncs: Syncs


NOTHING_USED = Usage(0.0, 0.0, 0, Syncs(0, 0.0))


def parse_syncs(metrics: str) -> Syncs:
    """The syncs of all address families, from kube-proxy's metrics page.

    https://kubernetes.io/docs/reference/instrumentation/metrics/ (kubeproxy_sync_proxy_rules_duration_seconds)
    """
    values = {"sum": 0.0, "count": 0.0}
    for found in SYNCS.finditer(metrics):
        values[found["what"]] += float(found["value"])
    return Syncs(int(values["count"]), values["sum"])


def parse_usage(stat: str, metrics: str) -> Usage:
    """The kernel's account of a kube-proxy, and its own page. Raises `ValueError` if the page tells no memory.

    The page's process_cpu_seconds_total leaves out the programs that kube-proxy runs.
    """
    memory = MEMORY.search(metrics)
    if memory is None:
        raise ValueError("the metrics page tells nothing of the process")
    fields = stat.rpartition(")")[2].split()
    own_s, programs_s = (sum(map(int, fields[part])) / TICKS_PER_S for part in (OWN, WAITED_FOR))
    return Usage(own_s, programs_s, int(float(memory[1])), parse_syncs(metrics))
