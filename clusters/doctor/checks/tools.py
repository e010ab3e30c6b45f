"""Checks of the host's own tools, which only these checks use, and of the kernel of substrate uml in each mode."""

from __future__ import annotations

import re

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.errors import CommandFailed
from clusters.spec import Mode, Source, Substrate, needs_own_kernel, why_not_on

OLDEST_NFT = (1, 0, 1)
"""The oldest nft that kube-proxy accepts in its image: kubernetes/kubernetes, pkg/proxy/nftables/supported.go."""

TOOLS = ("nft", "iptables", "ipset")
IN_UML = frozenset({Substrate.UML})
KERNELS_IN_UML = {
    True: "a kernel of our own configuration, which is built before the cluster",
    False: "a kernel of our own configuration once it is built, until then Debian's",
}
"""The kernel of source `built`, by whether the mode runs only with our own."""


def check_uml_modes(facts: Facts) -> tuple[Check, ...]:
    """Report which kernel runs in user-mode Linux for each mode and source, and the modes that it cannot hold.

    `ClusterSpec` refuses the combination too.
    """
    if facts.question.substrate is not Substrate.UML:
        return ()
    return tuple(_check_uml(mode, source) for mode in Mode for source in Source)


def _check_uml(mode: Mode, source: Source) -> Check:
    name, one_mode, one_source = f"substrate uml: {mode}", frozenset({mode}), frozenset({source})
    reason = why_not_on(Substrate.UML, mode, source)
    if reason is None:
        seen = KERNELS_IN_UML[needs_own_kernel(Substrate.UML, mode)] if source is Source.BUILT else "Debian's kernel"
        return Check(name, Verdict.OK, seen, modes=one_mode, sources=one_source, substrates=IN_UML)
    return Check(
        name,
        Verdict.UNFIT,
        reason,
        f"it does not support the rules of {mode} mode",
        "use --substrate=host, or --image-source=built, which builds a kernel of its own configuration",
        modes=one_mode,
        sources=one_source,
        substrates=IN_UML,
    )


def check_tools(facts: Facts) -> tuple[Check, ...]:
    """Check the host's own tools, which are used only to try rules on the kernel. Nodes have their own tools."""
    versions = {tool: _version(facts, tool) for tool in TOOLS}
    seen = ", ".join(f"{tool} {version or 'not installed'}" for tool, version in versions.items())
    nft = versions["nft"]
    if nft is not None and _numbers(nft) < OLDEST_NFT:
        return (
            Check(
                "host's tools",
                Verdict.WARNING,
                seen,
                "this nft is older than 1.0.1, so an attempt to load rules with it may fail although the kernel is fit",
                "install nftables 1.0.1 or later; nodes have their own tools",
            ),
        )
    return (Check("host's tools", Verdict.OK, f"{seen}; nodes have their own tools"),)


def _version(facts: Facts, tool: str) -> str | None:
    if facts.host.which(tool) is None:
        return None
    try:
        output = facts.host.run(tool, "--version", timeout_s=5).stdout
    except CommandFailed:
        return None
    match = re.search(r"\d+(\.\d+)+", output)
    return match[0] if match else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
