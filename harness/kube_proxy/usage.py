"""The resource usage of a kube-proxy: CPU time and syncs since its start, and its memory now."""

from __future__ import annotations

import re
from dataclasses import dataclass

TICKS_PER_S = 100
"""The unit of CPU time in /proc, on every architecture that Kubernetes runs on (sysconf(3), _SC_CLK_TCK)."""

OWN, CHILDREN = slice(11, 13), slice(13, 15)
"""The positions of utime and stime, and of cutime and cstime, among the fields after the program's name.

In proc_pid_stat(5) they are the fields 14 to 17.
"""

SYNCS = re.compile(
    r"^kubeproxy_sync_proxy_rules_duration_seconds_(?P<what>sum|count)(?:\{[^}]*\})? (?P<value>\S+)$", re.MULTILINE
)
MEMORY = re.compile(r"^process_resident_memory_bytes (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Syncs:
    """The number of a kube-proxy's syncs since its start, and their total duration in seconds."""

    count: int
    total_s: float


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and syncs of a kube-proxy since its start, and its resident memory now.

    `cpu_s` is the CPU time of the process itself, `programs_cpu_s` that of the programs it has run and waited for
    (iptables-restore, nft, ipset), which may be more.
    """

    cpu_s: float
    programs_cpu_s: float
    memory_bytes: int
    syncs: Syncs


NOTHING_USED = Usage(0.0, 0.0, 0, Syncs(0, 0.0))


def parse_syncs(metrics: str) -> Syncs:
    """Return the syncs of all address families together, from kube-proxy's metrics page.

    https://kubernetes.io/docs/reference/instrumentation/metrics/ (kubeproxy_sync_proxy_rules_duration_seconds)
    """
    values = {"sum": 0.0, "count": 0.0}
    for found in SYNCS.finditer(metrics):
        values[found["what"]] += float(found["value"])
    return Syncs(int(values["count"]), values["sum"])


def parse_usage(stat: str, metrics: str) -> Usage:
    """Return the usage of a kube-proxy from its /proc/PID/stat and its metrics page.

    CPU times are taken from `stat`, because process_cpu_seconds_total on the page leaves out the programs that
    kube-proxy runs. Raises `ValueError` if the page does not report the memory.
    """
    memory = MEMORY.search(metrics)
    if memory is None:
        raise ValueError("kube-proxy's metrics page has no process_resident_memory_bytes")
    fields = stat.rpartition(")")[2].split()
    own_s, programs_s = (sum(map(int, fields[part])) / TICKS_PER_S for part in (OWN, CHILDREN))
    return Usage(own_s, programs_s, int(float(memory[1])), parse_syncs(metrics))
