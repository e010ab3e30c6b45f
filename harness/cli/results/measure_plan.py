"""Which runs compare all modes on this host, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clusters.doctor import Host, Question, examine
from clusters.spec import Mode, Substrate

QUICK_SERVICES = 1000
"""The most Services of a quick sweep."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run of pytest: a sweep of up to `most_services` Services, or of all other suites if that is None."""

    mode: Mode
    substrate: Substrate
    kubernetes: str | None = None
    most_services: int | None = None
    step_seconds: int | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the arguments of pytest."""
        version = () if self.kubernetes is None else (f"--kubernetes={self.kubernetes}",)
        cluster = (f"--proxy-mode={self.mode}", f"--substrate={self.substrate}", *version)
        if self.most_services is None:
            return ("suites", "--ignore=suites/performance", *cluster, "-n", "auto")
        duration = () if self.step_seconds is None else (f"--step-seconds={self.step_seconds}",)
        return ("suites/performance", *cluster, f"--most-services={self.most_services}", *duration, "-k", "sweep")

    def __str__(self) -> str:
        what = "suites" if self.most_services is None else f"sweep to {self.most_services:,} Services"
        return f"{what} in {self.mode} mode on substrate {self.substrate}"


def modes_by_substrate(host: Host, kubernetes: str | None = None) -> dict[Substrate, tuple[Mode, ...]]:
    """Return the modes that can be compared on each substrate of this host.

    The user-mode Linux is used if the host's kernel lacks a mode: then it has all that it can run, because modes are
    compared on one kernel only.
    """
    on_host = _fit(host, Substrate.HOST, kubernetes)
    if len(on_host) == len(Mode):
        return {Substrate.HOST: on_host}
    found = {Substrate.HOST: on_host, Substrate.UML: _fit(host, Substrate.UML, kubernetes)}
    return {substrate: modes for substrate, modes in found.items() if modes}


def _fit(host: Host, substrate: Substrate, kubernetes: str | None) -> tuple[Mode, ...]:
    return tuple(mode for mode in Mode if examine(Question((mode,), None, substrate, kubernetes), host).fit)


def sweeps(modes: dict[Substrate, tuple[Mode, ...]], *, once: bool) -> Iterator[tuple[Mode, Substrate]]:
    """Yield the sweeps of each substrate in the order A B C C B A, or A B C if each runs `once`.

    A steady drift of the host then has no part in the difference of two modes.
    """
    for substrate, found in modes.items():
        if len(found) > 1:
            for mode in found if once else (*found, *reversed(found)):
                yield mode, substrate


def suites(modes: dict[Substrate, tuple[Mode, ...]]) -> Iterator[tuple[Mode, Substrate]]:
    """Yield a run of the suites in each mode, on the first substrate that can run it."""
    for mode in Mode:
        substrate = next((place for place, found in modes.items() if mode in found), None)
        if substrate is not None:
            yield mode, substrate


def not_comparable(modes: dict[Substrate, tuple[Mode, ...]]) -> Iterator[str]:
    """Yield what this host cannot compare, and where it could be compared."""
    for mode in Mode:
        if not any(mode in found for found in modes.values()):
            yield f"this host cannot run {mode} mode at all; `kubeproof doctor --mode {mode}` says why"
        elif mode not in modes.get(Substrate.HOST, ()):
            yield (
                f"this host's own kernel cannot run {mode} mode, so it is compared with the others in a user-mode "
                "Linux only: differences between modes hold there, absolute latencies do not. A host whose kernel has "
                f"it compares all modes directly (`kubeproof doctor --mode {mode} --substrate host` says what it lacks)"
            )
