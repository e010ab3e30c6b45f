"""Checks of the host's limits: inotify, open files, connection tracking, memory and disk.

The needs of a cluster were measured on an idle one of source built with Kubernetes 1.37, one control plane node and two
workers, after everything was ready: files and memory in /proc, disk space by `docker system df` and `du`.
"""

from __future__ import annotations

import re

from clusters.doctor.check import Check, Verdict
from clusters.doctor.checks.stock import Stock
from clusters.doctor.facts import Facts
from clusters.host.engineinfo import EngineInfo

GIB = 2**30

INOTIFY_INSTANCES = (30, 15)
INOTIFY_WATCHES = (252, 138)
MEMORY_BYTES = (640 * 2**20, 240 * 2**20)
"""The needs of a control plane node and of a worker."""

KIND_INSTANCES, KIND_WATCHES = 512, 524288
"""The values that kind recommends: https://kind.sigs.k8s.io/docs/user/known-issues/."""

OPEN_FILES = 4096
"""The files that a full node's containerd needs: it had 118 open with a dozen pods, about 10 per pod, and a node runs
up to 110 pods."""

CONNTRACK = 131072
"""kube-proxy's default lower bound (conntrack.min). On kind the host's value applies, because nodes cannot set it."""

COMFORTABLE_MEMORY_BYTES = 6 * GIB
"""The memory that kind recommends for the engine's machine: https://kind.sigs.k8s.io/docs/user/quick-start/."""

NODE_DISK_BYTES = int(1.8 * GIB)
IMAGES_DISK_BYTES = int(4.3 * GIB)
CACHES_DISK_BYTES = int(12.0 * GIB)
"""The disk space of a running node's volume, of all images of one release, and of Go's module and build caches with
the built programs."""


def check_inotify(facts: Facts) -> tuple[Check, ...]:
    """Check the inotify limits of user root, which all nodes share, also those of other clusters."""
    taken = facts.host.inotify_taken()
    return (
        _inotify(facts, "instances", INOTIFY_INSTANCES, KIND_INSTANCES, None if taken is None else taken.instances),
        _inotify(facts, "watches", INOTIFY_WATCHES, KIND_WATCHES, None if taken is None else taken.watches),
    )


def _inotify(facts: Facts, kind: str, each: tuple[int, int], advised: int, taken: int | None) -> Check:
    name, setting = f"inotify {kind}", f"fs.inotify.max_user_{kind}"
    most = _number(facts, f"/proc/sys/fs/inotify/max_user_{kind}")
    needed = each[0] * facts.question.control_planes + each[1] * facts.question.workers
    used = "" if taken is None else f" and {taken} are in use"
    seen = f"{setting} is {most}{used}; {facts.nodes} idle nodes need about {needed}"
    remedy = f"`sudo sysctl {setting}={advised}`"
    if most is None:
        return Check(name, Verdict.WARNING, f"{setting} cannot be read", "nodes could exhaust it", remedy)
    left = most - (taken or 0)
    if left < needed:
        return Check(name, Verdict.UNFIT, seen, "nodes will fail with 'too many open files'", remedy)
    if left < 2 * needed:
        cause = "there is little left for pods, and other processes share the limit"
        return Check(name, Verdict.WARNING, seen, cause, remedy)
    return Check(name, Verdict.OK, seen)


def check_open_files(facts: Facts) -> tuple[Check, ...]:
    """Check the limit of open files that the engine's containers inherit."""
    limits = facts.host.read_text(f"{facts.engine_proc}/limits") or ""
    match = re.search(r"^Max open files\s+\S+\s+(\d+|unlimited)", limits, re.MULTILINE)
    if match is None:
        return ()
    seen = f"{match[1]} per process"
    if match[1] != "unlimited" and int(match[1]) < OPEN_FILES:
        cause = f"a full node's containerd needs about {OPEN_FILES}"
        return (Check("open files", Verdict.WARNING, seen, cause, "raise LimitNOFILE of the engine's service"),)
    return (Check("open files", Verdict.OK, seen),)


def check_conntrack(facts: Facts) -> tuple[Check, ...]:
    """Check the number of connections that the kernel can track."""
    most = _number(facts, "/proc/sys/net/netfilter/nf_conntrack_max")
    if most is None:
        return (Check("connection tracking", Verdict.OK, "not loaded yet; the kernel will choose the table's size"),)
    seen = f"nf_conntrack_max is {most}"
    if most < CONNTRACK:
        return (
            Check(
                "connection tracking",
                Verdict.WARNING,
                seen,
                f"kube-proxy would set {CONNTRACK}, and the kernel drops new connections when the table is full",
                f"`sudo sysctl net.netfilter.nf_conntrack_max={CONNTRACK}`",
            ),
        )
    return (Check("connection tracking", Verdict.OK, seen),)


def check_memory(facts: Facts) -> tuple[Check, ...]:
    """Compare the available memory with the needs of idle nodes."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB", facts.host.read_text("/proc/meminfo") or "", re.MULTILINE)
    if match is None:
        return ()
    available = int(match[1]) * 1024
    needed = MEMORY_BYTES[0] * facts.question.control_planes + MEMORY_BYTES[1] * facts.question.workers
    seen = f"{_gib(available)} available; {facts.nodes} idle nodes need about {_gib(needed)}"
    remedy = "stop other programs, use fewer --cluster-workers, or give the machine more memory"
    if available < needed:
        return (Check("memory", Verdict.UNFIT, seen, "the kernel would kill processes of nodes", remedy),)
    if available < COMFORTABLE_MEMORY_BYTES:
        cause = "kind recommends 6 GiB, and thousands of Services need more memory than idle nodes"
        return (Check("memory", Verdict.WARNING, seen, cause, remedy),)
    return (Check("memory", Verdict.OK, seen),)


def check_disk(facts: Facts, stock: Stock) -> tuple[Check, ...]:
    """Check the disk space for the nodes, for images that are not there yet, and for building them."""
    if not isinstance(facts.engine, EngineInfo):
        return ()
    wanted = [(facts.engine.root_dir, facts.nodes * NODE_DISK_BYTES, "nodes")]
    if not stock.complete:
        wanted.append((facts.engine.root_dir, IMAGES_DISK_BYTES, "images"))
    if not stock.complete and stock.built:
        wanted.append((f"{facts.host.home()}/.cache", CACHES_DISK_BYTES, "Go caches"))
    devices: dict[int, list[tuple[str, int, str]]] = {}
    free: dict[int, int] = {}
    for path, needed, what in wanted:
        room = facts.host.room(path)
        if room is not None:
            devices.setdefault(room.device, []).append((path, needed, what))
            free[room.device] = room.free_bytes
    return tuple(_disk(free[device], parts) for device, parts in devices.items())


def _disk(free: int, parts: list[tuple[str, int, str]]) -> Check:
    needed = sum(part[1] for part in parts)
    uses = ", ".join(part[2] for part in parts)
    name, seen = f"disk of {parts[0][0]}", f"{_gib(free)} free; {uses} need about {_gib(needed)}"
    if free < needed:
        return Check(
            name,
            Verdict.UNFIT,
            seen,
            "nodes fail during a run when the disk is full",
            "free disk space: `docker system df` shows the engine's use, `go clean -cache` empties Go's build cache",
        )
    return Check(name, Verdict.OK, seen)


def _number(facts: Facts, path: str) -> int | None:
    text = (facts.host.read_text(path) or "").strip()
    return int(text) if text.isdigit() else None


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
