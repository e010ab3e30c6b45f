"""Checks of the host's limits: how many, how much, how large.

What a cluster takes was counted on an idle one of source built, Kubernetes 1.37, one control plane and two
workers, after everything was ready; files and memory by /proc, space by `docker system df` and `du`.
"""

from __future__ import annotations

import re

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import EngineSeen, Facts
from clusters.doctor.stock import Stock

GIB = 2**30

INOTIFY_INSTANCES = (30, 15)
INOTIFY_WATCHES = (252, 138)
MEMORY_BYTES = (640 * 2**20, 240 * 2**20)
"""A control plane's, a worker's."""

KIND_INSTANCES, KIND_WATCHES = 512, 524288
"""What kind tells its users to set: https://kind.sigs.k8s.io/docs/user/known-issues/."""

OPEN_FILES = 4096
"""containerd held 118 files with a dozen pods, about 10 a pod, and a node takes up to 110 pods."""

CONNTRACK = 131072
"""kube-proxy's own lower bound (conntrack.min); on kind the host's value holds, because nodes cannot set it."""

COMFORTABLE_MEMORY_BYTES = 6 * GIB
"""kind's advice for the machine that runs the engine: https://kind.sigs.k8s.io/docs/user/quick-start/."""

NODE_DISK_BYTES = int(1.8 * GIB)
IMAGES_DISK_BYTES = int(3.5 * GIB)
CACHES_DISK_BYTES = int(13.5 * GIB)
"""A running node's volume; all images of one release; Go's module and build caches with our programs."""


def check_inotify(facts: Facts) -> tuple[Check, ...]:
    """Every node's programs watch files as root, whose numbers are bounded, and other clusters are root too."""
    taken = facts.host.inotify_taken()
    return (
        _inotify(facts, "instances", INOTIFY_INSTANCES, KIND_INSTANCES, None if taken is None else taken.instances),
        _inotify(facts, "watches", INOTIFY_WATCHES, KIND_WATCHES, None if taken is None else taken.watches),
    )


def _inotify(facts: Facts, kind: str, each: tuple[int, int], advised: int, taken: int | None) -> Check:
    name, setting = f"inotify {kind}", f"fs.inotify.max_user_{kind}"
    most = _number(facts, f"/proc/sys/fs/inotify/max_user_{kind}")
    needed = each[0] * facts.question.control_planes + each[1] * facts.question.workers
    held = "" if taken is None else f" and {taken} are taken"
    seen = f"{setting} is {most}{held}; {facts.nodes} idle nodes take about {needed}"
    remedy = f"`sudo sysctl {setting}={advised}`"
    if most is None:
        return Check(name, Verdict.WARNING, f"{setting} cannot be read", "nodes could run out of them", remedy)
    left = most - (taken or 0)
    if left < needed:
        return Check(name, Verdict.UNFIT, seen, "nodes will fail with 'too many open files'", remedy)
    if left < 2 * needed:
        return Check(name, Verdict.WARNING, seen, "there is little left for pods, and others share the limit", remedy)
    return Check(name, Verdict.OK, seen)


def check_open_files(facts: Facts) -> tuple[Check, ...]:
    """The limit that the engine's containers inherit."""
    limits = facts.host.read_text(f"{facts.engine_proc}/limits") or ""
    match = re.search(r"^Max open files\s+\S+\s+(\d+|unlimited)", limits, re.MULTILINE)
    if match is None:
        return ()
    seen = f"{match[1]} a process"
    if match[1] != "unlimited" and int(match[1]) < OPEN_FILES:
        cause = f"a full node's containerd needs about {OPEN_FILES}"
        return (Check("open files", Verdict.WARNING, seen, cause, "raise LimitNOFILE of the engine's service"),)
    return (Check("open files", Verdict.OK, seen),)


def check_conntrack(facts: Facts) -> tuple[Check, ...]:
    """Connections that one node's kernel can follow."""
    most = _number(facts, "/proc/sys/net/netfilter/nf_conntrack_max")
    if most is None:
        return (Check("connection tracking", Verdict.OK, "not loaded yet, the kernel will size it"),)
    seen = f"nf_conntrack_max is {most}"
    if most < CONNTRACK:
        return (
            Check(
                "connection tracking",
                Verdict.WARNING,
                seen,
                f"kube-proxy would ask for {CONNTRACK}, and when the table is full new connections are dropped",
                f"`sudo sysctl net.netfilter.nf_conntrack_max={CONNTRACK}`",
            ),
        )
    return (Check("connection tracking", Verdict.OK, seen),)


def check_memory(facts: Facts) -> tuple[Check, ...]:
    """What is free now, against what idle nodes take."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB", facts.host.read_text("/proc/meminfo") or "", re.MULTILINE)
    if match is None:
        return ()
    available = int(match[1]) * 1024
    needed = MEMORY_BYTES[0] * facts.question.control_planes + MEMORY_BYTES[1] * facts.question.workers
    seen = f"{_gib(available)} available; {facts.nodes} idle nodes take about {_gib(needed)}"
    remedy = "stop what takes it, ask for fewer --workers, or give the machine more"
    if available < needed:
        return (Check("memory", Verdict.UNFIT, seen, "the kernel would kill nodes' programs", remedy),)
    if available < COMFORTABLE_MEMORY_BYTES:
        cause = "kind advises 6 GiB, and thousands of Services take more than idle nodes"
        return (Check("memory", Verdict.WARNING, seen, cause, remedy),)
    return (Check("memory", Verdict.OK, seen),)


def check_disk(facts: Facts, stock: Stock) -> tuple[Check, ...]:
    """Room for the nodes, for images that are still to come, and for what it takes to build them."""
    if not isinstance(facts.engine, EngineSeen):
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
    name, seen = f"disk of {parts[0][0]}", f"{_gib(free)} free; {uses} take about {_gib(needed)}"
    if free < needed:
        return Check(
            name,
            Verdict.UNFIT,
            seen,
            "a full disk stops nodes in the middle of a run",
            "make room: `docker system df` and `go clean -cache` tell what takes it",
        )
    return Check(name, Verdict.OK, seen)


def _number(facts: Facts, path: str) -> int | None:
    text = (facts.host.read_text(path) or "").strip()
    return int(text) if text.isdigit() else None


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
