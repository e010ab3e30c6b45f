"""Patience: a factor for the time limits of set-up and of cases' waits, for hosts that are known to be slow.

An emulated or overcommitted host is several times slower than others: on one of them `kind create` took 235 s, and
kube-proxy was not ready 180 s later. KUBEPROOF_PATIENCE=4 multiplies these limits by four: creation of the cluster,
kubeadm's own timeouts, the add-ons, commands in node containers, and the conditions that cases wait for or observe
(`wait_until`, `observe_within`).

The factor does not apply to single requests to the API server, programs in pods, connections of clients and load
generators, and the longest duration of traffic during a change. It does not change measurements. It also cannot change
limits that other programs have fixed: kind waits 30 s for a node's systemd.

The factor repairs nothing. A condition that never becomes true is only reported later, and a wait that fails on an
ordinary host has a cause that should be found. The report's environment names the factor.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from clusters.errors import UsageError

VARIABLE = "KUBEPROOF_PATIENCE"


@dataclass(frozen=True, slots=True)
class Patience:
    """A factor for time limits, at least 1. Raises `UsageError` for any other number."""

    factor: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.factor < math.inf:
            raise _invalid_factor(f"{self.factor:g}")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return the factor that the environment variable sets, or 1. Raises `UsageError` if it is invalid."""
        text = environment.get(VARIABLE) or "1"
        try:
            return cls(float(text))
        except ValueError:
            raise _invalid_factor(text) from None

    def seconds(self, deadline_s: float) -> float:
        """Return the time limit `deadline_s` multiplied by the factor."""
        return deadline_s * self.factor

    def advice(self) -> str:
        """Return the advice for a time limit that was exceeded."""
        return f"if the host is only slow, {VARIABLE}={2 * self.factor:g} doubles the time limit"

    def facts(self) -> dict[str, str]:
        """Return the entry for the report's environment; nothing if the factor is 1."""
        return {} if self.factor == 1 else {"patience": f"{self.factor:g} times the usual deadlines ({VARIABLE})"}


DEFAULT = Patience()
"""The patience for an ordinary host: a factor of 1."""


@cache
def host_patience() -> Patience:
    """Return the patience that this process's environment sets, read once. Raises `UsageError` if it is invalid."""
    return Patience.of(os.environ)


def _invalid_factor(text: str) -> UsageError:
    return UsageError(
        f"{VARIABLE}={text} is not a number of at least 1", remedy=f"for example {VARIABLE}=4, or leave it unset"
    )
