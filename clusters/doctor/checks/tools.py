"""Checks of the host's own tools, which only these checks use, and of the modes that substrate uml supports."""

from __future__ import annotations

import re

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.errors import CommandFailed
from clusters.spec import Mode, Substrate, why_not_on

OLDEST_NFT = (1, 0, 1)
"""The oldest nft that kube-proxy accepts in its image: kubernetes/kubernetes, pkg/proxy/nftables/supported.go."""

TOOLS = ("nft", "iptables", "ipset")
IN_UML = frozenset({Substrate.UML})


def check_uml_modes(facts: Facts) -> tuple[Check, ...]:
    """Report the modes that cannot run in user-mode Linux. `ClusterSpec` refuses the combination too."""
    if facts.question.substrate is not Substrate.UML:
        return ()
    return tuple(
        Check(
            f"substrate uml: {mode}",
            Verdict.UNFIT,
            reason,
            f"it does not support the rules of {mode} mode",
            "use --substrate=host",
            modes=frozenset({mode}),
            substrates=IN_UML,
        )
        for mode in Mode
        if (reason := why_not_on(Substrate.UML, mode)) is not None
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
