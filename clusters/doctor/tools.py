"""Checks of programs on the host that only doctor uses, and of what substrate uml can hold."""

from __future__ import annotations

import re

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.errors import CommandFailed
from clusters.spec import Mode, Substrate

OLDEST_NFT = (1, 0, 1)
"""kube-proxy asks as much of the nft in its image: kubernetes/kubernetes, pkg/proxy/nftables/supported.go."""

TOOLS = ("nft", "iptables", "ipset")
IN_UML = frozenset({Substrate.UML})


def check_uml_modes(facts: Facts) -> tuple[Check, ...]:
    """Debian's user-mode Linux has no nf_tables; `ClusterSpec` refuses the combination too."""
    if facts.question.substrate is not Substrate.UML:
        return ()
    return (
        Check(
            "substrate uml: nftables",
            Verdict.UNFIT,
            "Debian's user-mode Linux is built without nf_tables for IPv4",
            "it cannot hold what nftables mode writes",
            "use --substrate=host",
            modes=frozenset({Mode.NFTABLES}),
            substrates=IN_UML,
        ),
    )


def check_tools(facts: Facts) -> tuple[Check, ...]:
    """The host's own tools: only doctor uses them, to try the kernel; nodes bring their own."""
    versions = {tool: _version(facts, tool) for tool in TOOLS}
    seen = ", ".join(f"{tool} {version or 'not installed'}" for tool, version in versions.items())
    nft = versions["nft"]
    if nft is not None and _numbers(nft) < OLDEST_NFT:
        return (
            Check(
                "host's tools",
                Verdict.WARNING,
                seen,
                "this nft is older than 1.0.1, so trying the kernel with it may fail for no fault of the kernel",
                "install nftables 1.0.1 or later; nodes bring their own",
            ),
        )
    return (Check("host's tools", Verdict.OK, f"{seen}; nodes bring their own"),)


def _version(facts: Facts, tool: str) -> str | None:
    if facts.host.which(tool) is None:
        return None
    try:
        told = facts.host.run(tool, "--version", timeout_s=5).stdout
    except CommandFailed:
        return None
    match = re.search(r"\d+(\.\d+)+", told)
    return match[0] if match else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
