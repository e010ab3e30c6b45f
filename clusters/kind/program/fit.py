"""Compatibility of a kind program with a Kubernetes version: kubeadm must be able to read what kind writes.

kind writes kubeadm's configuration in one version of its API, chosen by the Kubernetes of the node image:
https://github.com/kubernetes-sigs/kind/blob/v0.32.0/pkg/cluster/internal/kubeadm/config.go, `Config`.
kubeadm reads some versions and rejects the others:
https://github.com/kubernetes/kubernetes/blob/v1.37.2/cmd/kubeadm/app/util/config/common.go, `validateSupportedVersion`.
Version v1 is experimental in 1.37: kubeadm reads it only with a flag that kind does not pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self

GROUP = "kubeadm.k8s.io"
V1BETA3, V1BETA4 = "v1beta3", "v1beta4"
Minor = tuple[int, int]
"""Major and minor version of a Kubernetes release, such as (1, 37)."""


@dataclass(frozen=True, order=True, slots=True)
class KindVersion:
    """A version of kind. A pre-release such as 0.32.0-alpha, which is not `released`, is older than 0.32.0."""

    numbers: tuple[int, int, int]
    released: bool = True
    suffix: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the version in the output of `kind version` ("kind v0.33.0 go1.26.0 linux/amd64"), or None."""
        match = re.search(r"\bv(\d+)\.(\d+)\.(\d+)(-\S+)?", text)
        if match is None:
            return None
        return cls((int(match[1]), int(match[2]), int(match[3])), match[4] is None, match[4] or "")

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers)) + self.suffix


OLDEST = KindVersion((0, 27, 0))
"""The oldest usable version: kind supports nftables mode since 0.25 and node images with containerd 2 since 0.27."""

FIRST_WITH_V1BETA4 = KindVersion((0, 32, 0))
"""The first release that writes v1beta4. Its pre-releases may or may not do so, and count as older."""


def why_unfit(kind: KindVersion | None, kubernetes: Minor) -> str | None:
    """Return the reason why this kind cannot create a cluster of that Kubernetes version, or None if it can.

    `kind` is None for a program that does not report its version.
    """
    if kind is None:
        return "it does not report its version"
    if kind < OLDEST:
        return f"kind {kind} is older than {OLDEST}, the first version with node images that have containerd 2"
    written, read = _written(kind, kubernetes), _read(kubernetes)
    if written in read:
        return None
    major, minor = kubernetes
    return f"kind {kind} writes {GROUP}/{written}, and kubeadm {major}.{minor} reads {' and '.join(read)}"


def oldest_that_fits(kubernetes: Minor) -> KindVersion:
    """Return the oldest release of kind that can create a cluster of that Kubernetes version."""
    return next(kind for kind in (OLDEST, FIRST_WITH_V1BETA4) if why_unfit(kind, kubernetes) is None)


def _written(kind: KindVersion, kubernetes: Minor) -> str:
    """Return the API version that kind writes for Kubernetes 1.23 or later."""
    return V1BETA4 if kind >= FIRST_WITH_V1BETA4 and kubernetes >= (1, 36) else V1BETA3


def _read(kubernetes: Minor) -> tuple[str, ...]:
    """Return the API versions that kubeadm of Kubernetes 1.22 or later reads without a flag."""
    if kubernetes < (1, 31):
        return (V1BETA3,)
    return (V1BETA3, V1BETA4) if kubernetes < (1, 37) else (V1BETA4,)
