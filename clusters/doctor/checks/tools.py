"""Checks of the host's own tools, which only these checks use, and of the modes that substrate uml supports."""

from __future__ import annotations

import re

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.errors import CommandFailed
from clusters.spec import Mode, Substrate

OLDEST_NFT = (1, 0, 1)
"""The oldest nft that kube-proxy accepts in its image: kubernetes/kubernetes, pkg/proxy/nftables/supported.go."""

TOOLS = ("nft", "iptables", "ipset")
IN_UML = frozenset({Substrate.UML})


def check_uml_modes(facts: Facts) -> tuple[Check, ...]:
    """Report that Debian's user-mode Linux has no nf_tables. `ClusterSpec` refuses the combination too."""
    if facts.question.substrate is not Substrate.UML:
        return ()
    return (
        Check(
            "substrate uml: nftables",
            Verdict.UNFIT,
            "Debian's user-mode Linux is built without nf_tables for IPv4",
            "it does not support the rules of nftables mode",
            "use --substrate=host",
            modes=frozenset({Mode.NFTABLES}),
            substrates=IN_UML,
        ),
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
