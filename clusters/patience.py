"""Patience: a factor for the deadlines of set-up and of cases' waits, on hosts that are known to be slow.

An emulated or overcommitted host is several times slower than others: on one of them `kind create` took 235 s, and
kube-proxy was not ready 180 s later. With KUBEPROOF_PATIENCE=4 these may take four times as long: creating the cluster,
kubeadm's own timeouts, the add-ons, commands in node containers, and the conditions that cases wait for or observe
(`wait_until`, `observe_within`).

It does not reach single requests to the API server, programs in pods, the connections of clients and load generators,
nor the most that traffic beside a change may last. It does not change measurements. Out of its reach is also what other
programs have fixed: kind waits 30 s for a node's systemd.

It cures no failure. What never happens is only reported later, and a wait that fails on an ordinary host has a cause
that should be found. The report's environment names it.
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
    """A factor of at least 1. Raises `UsageError` for any other number."""

    factor: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.factor < math.inf:
            raise _no_factor(f"{self.factor:g}")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """The factor that the environment variable sets, or 1. Raises `UsageError` for what is none."""
        text = environment.get(VARIABLE) or "1"
        try:
            return cls(float(text))
        except ValueError:
            raise _no_factor(text) from None

    def seconds(self, deadline_s: float) -> float:
        """The deadline with this patience."""
        return deadline_s * self.factor

    def advice(self) -> str:
        """What to do where something was not seen in time."""
        return f"where it is only the host that is slow, {VARIABLE}={2 * self.factor:g} gives it twice the time"

    def facts(self) -> dict[str, str]:
        """For the report's environment: nothing if the deadlines are the usual ones."""
        return {} if self.factor == 1 else {"patience": f"{self.factor:g} times the usual deadlines ({VARIABLE})"}


DEFAULT = Patience()
"""That of an ordinary host."""


@cache
def host_patience() -> Patience:
    """The patience that this process's environment asks for, read once. Raises `UsageError`."""
    return Patience.of(os.environ)


def _no_factor(text: str) -> UsageError:
    return UsageError(f"{VARIABLE}={text} is no factor of at least 1", remedy=f"for example {VARIABLE}=4, or none")
