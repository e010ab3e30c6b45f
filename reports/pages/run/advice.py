"""What to do: claims that the run contradicts, and what is planned for its mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.model import ClaimResult, RunResults


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about a mode's past or future, and where it is from."""

    version: str
    statement: str
    source: str


KEP_5495 = "https://kep.k8s.io/5495"
KEP_5343 = "https://kep.k8s.io/5343"
KEP_3866 = "https://kep.k8s.io/3866"

FUTURE = {
    "ipvs": (
        Fact("1.35", "ipvs mode is deprecated.", KEP_5495),
        Fact("1.40", "It is off by default: kube-proxy in ipvs mode ends with an error.", KEP_5495),
        Fact("1.43", "It is removed. No setting brings it back.", KEP_5495),
    ),
    "iptables": (
        Fact("1.37", "kube-proxy warns if it runs in iptables mode by default.", KEP_5343),
        Fact("1.40", "nftables becomes the default mode. iptables mode stays.", KEP_5343),
    ),
    "nftables": (
        Fact("1.33", "nftables mode is GA. It needs Linux 5.13 or later.", KEP_3866),
        Fact("1.40", "It becomes the default mode.", KEP_5343),
    ),
}
"""What the Kubernetes enhancement proposals plan for each mode, in the order of versions."""


def advice(results: RunResults) -> Sequence[ClaimResult]:
    """Return the claims whose verdict in this mode is a reason to do something."""
    return [claim for claim in results.claims if claim.in_run and claim.advice]


def future(mode: str) -> Sequence[Fact]:
    """Return what is planned for a mode; nothing for an unknown one."""
    return FUTURE.get(mode, ())
