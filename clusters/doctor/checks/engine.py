"""Checks of the container engine, and of the permissions that the host gives it."""

from __future__ import annotations

import re

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.host.engineinfo import EngineInfo
from clusters.spec import Source, Substrate

OLDEST_ENGINE = (20, 10)
"""The oldest Docker version with --cgroupns, which kind passes: kind 0.33.0, providers/docker/provision.go."""

CONTROLLERS = ("cpu", "cpuacct", "cpuset", "devices", "memory", "pids")
"""The cgroup v1 controllers that runc and the kubelet use for containers."""

CONTROLLERS_V2 = ("cpu", "cpuset", "memory", "pids")

NEEDED = {12: "CAP_NET_ADMIN", 21: "CAP_SYS_ADMIN"}
SYS_RESOURCE = 24
"""Capability numbers, from capabilities(7)."""

PACKAGED_ARCHITECTURE = "x86_64"
PLAIN_RUNTIMES = frozenset({"runc", "io.containerd.runc.v2", "crun"})


def check_engine(facts: Facts) -> tuple[Check, ...]:
    """Check that a container engine responds and that this user may use it."""
    name = "container engine"
    engine = facts.engine
    if isinstance(engine, str):
        cause, remedy = _explain_unavailable(engine)
        return (Check(name, Verdict.UNFIT, engine, cause, remedy),)
    seen = f"Docker Engine {engine.version}, default runtime {engine.default_runtime}"
    if _version(engine.version) < OLDEST_ENGINE:
        return (
            Check(
                name, Verdict.UNFIT, seen, "kind needs Docker Engine 20.10 or later", "install a newer Docker Engine"
            ),
        )
    if engine.rootless:
        return (
            Check(
                name,
                Verdict.WARNING,
                f"{seen}, rootless",
                "a rootless engine cannot load kernel modules and needs delegated cgroup controllers",
                "load the kernel modules of the mode as root first: https://kind.sigs.k8s.io/docs/user/rootless/",
            ),
        )
    return (Check(name, Verdict.OK, seen),)


def check_elsewhere(facts: Facts) -> tuple[Check, ...]:
    """Warn if the engine runs on another host. The checks of this host's kernel are then left out."""
    if not isinstance(facts.engine, EngineInfo) or not facts.engine_elsewhere:
        return ()
    return (
        Check(
            "engine's host",
            Verdict.WARNING,
            f"the engine's kernel is {facts.engine.kernel}, this host's is {facts.host.kernel_release()}",
            "the engine runs in a virtual machine or on a remote host, whose kernel and limits cannot be read here",
            "run `kubeproof doctor` on the engine's host to check them",
        ),
    )


def check_architecture(facts: Facts) -> tuple[Check, ...]:
    """Check the architecture: source built and user-mode Linux support x86_64 only."""
    if not isinstance(facts.engine, EngineInfo):
        return ()
    seen = facts.engine.architecture
    if seen == PACKAGED_ARCHITECTURE:
        return (Check("architecture", Verdict.OK, seen),)
    return (
        Check(
            "architecture: source built",
            Verdict.UNFIT,
            seen,
            "the load image's Python packages are locked for x86_64",
            "use --image-source=registry",
            sources=frozenset({Source.BUILT}),
        ),
        Check(
            "architecture: substrate uml",
            Verdict.UNFIT,
            seen,
            "Debian's user-mode Linux runs on x86 only",
            "use --substrate=host",
            substrates=frozenset({Substrate.UML}),
        ),
    )


def check_cgroups(facts: Facts) -> tuple[Check, ...]:
    """Check the cgroup version and the controllers that the kubelet and runc need."""
    if not isinstance(facts.engine, EngineInfo):
        return ()
    version = facts.engine.cgroup_version
    needed, available = _controllers(facts, version)
    lacking = [] if available is None else [controller for controller in needed if controller not in available]
    if lacking:
        return (
            Check(
                "cgroups",
                Verdict.UNFIT,
                f"version {version}, without {', '.join(lacking)}",
                "the kubelet cannot limit pods without these controllers",
                "enable them on the kernel's command line (cgroup_enable=...), or delegate them to the engine",
            ),
        )
    if version == "1":
        return (
            Check(
                "cgroups",
                Verdict.WARNING,
                "version 1",
                "since 1.35 the kubelet starts on it only because failCgroupV1: false is set; kind calls it deprecated",
                "nothing to do for now; the boot parameter systemd.unified_cgroup_hierarchy=1 enables cgroup v2",
            ),
        )
    return (Check("cgroups", Verdict.OK, f"version {version}"),)


def check_capabilities(facts: Facts) -> tuple[Check, ...]:
    """Check the capabilities that the engine can give to nodes, which are privileged containers."""
    status = facts.host.read_text(f"{facts.engine_proc}/status") or ""
    match = re.search(r"^CapBnd:\s*([0-9a-f]+)", status, re.MULTILINE)
    if match is None:
        return ()
    bounding = int(match[1], 16)
    own = facts.engine_proc == "/proc/self"
    whose = "of this process, the engine's cannot be read" if own else "of the engine"
    # This process's set says little about an engine behind a socket, for example if this process is in a container.
    lacking_is = Verdict.WARNING if own else Verdict.UNFIT
    lacking = [name for number, name in NEEDED.items() if not bounding >> number & 1]
    if lacking:
        return (
            Check(
                "capabilities",
                lacking_is,
                f"the bounding set ({whose}) lacks {', '.join(lacking)}",
                "nodes are privileged containers and need them for network and mounts",
                "run the engine where it has them, not in an unprivileged container",
            ),
        )
    if bounding >> SYS_RESOURCE & 1:
        return (Check("capabilities", Verdict.OK, f"the bounding set ({whose}) has all that nodes need"),)
    return _without_sys_resource(facts, whose, lacking_is)


def _without_sys_resource(facts: Facts, whose: str, lacking_is: Verdict) -> tuple[Check, ...]:
    seen = f"the bounding set ({whose}) lacks CAP_SYS_RESOURCE"
    registry = Check(
        "capabilities: stock nodes",
        lacking_is,
        seen,
        "in kind's stock nodes containerd gives pods a negative OOM score, which requires that capability",
        "use --image-source=built, whose nodes do not need it",
        sources=frozenset({Source.REGISTRY}),
    )
    if not isinstance(facts.engine, EngineInfo):
        return (registry,)
    runtime = facts.engine.default_runtime
    if runtime not in PLAIN_RUNTIMES:
        wrapped = Check("capabilities", Verdict.OK, f"{seen}; the engine's default runtime {runtime} replaces runc")
        return (wrapped, registry)
    plain = Check(
        "capabilities",
        lacking_is,
        f"{seen}, and the engine's default runtime is {runtime}",
        "privileged containers cannot start",
        "stop the engine and let ./setup.sh start it with a wrapper of runc",
    )
    return (plain, registry)


def _explain_unavailable(message: str) -> tuple[str, str]:
    """Return cause and remedy for an engine that failed with `message`."""
    lowered = message.lower()
    if "permission denied" in lowered:
        remedy = "`sudo usermod --append --groups docker $USER`, then log in again"
        return "this user may not use the engine's socket", remedy
    if "no docker command" in lowered:
        return "cluster nodes are containers", "install Docker, or run ./setup.sh"
    remedy = "start Docker, or run ./setup.sh, which prints what to do"
    return "cluster nodes are containers, and no engine responds", remedy


def _controllers(facts: Facts, version: str) -> tuple[tuple[str, ...], frozenset[str] | None]:
    """Return the controllers that are needed and those that are available (None if that cannot be read here)."""
    if facts.engine_elsewhere:
        return (), None
    if version == "2":
        text = facts.host.read_text("/sys/fs/cgroup/cgroup.controllers")
        return CONTROLLERS_V2, None if text is None else frozenset(text.split())
    text = facts.host.read_text("/proc/cgroups")
    if text is None:
        return CONTROLLERS, None
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return CONTROLLERS, frozenset(row[0] for row in rows if row[-1] == "1")


def _version(text: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
