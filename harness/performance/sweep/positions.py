"""Choose which of many equal Services are measured.

They are those whose rules come first, in the middle and last. Where the kernel finds service addresses by look-up, they
are the oldest, the middle one and the youngest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dataplane.reader import ServiceAddress
from harness.load.plan import Target

POSITIONS = ("head", "middle", "end")


@dataclass(frozen=True, slots=True)
class Position:
    """A target and the number of rules before its own; `rules_walked` is None where service addresses are looked up."""

    label: str
    service_address: ServiceAddress
    rules_walked: int | None

    @property
    def target(self) -> Target:
        return Target(self.label, self.service_address.address, self.service_address.port)

    @property
    def aa_target(self) -> Target:
        """The same target under a second label: a difference between the two is chance or an error of measurement."""
        return Target(f"{self.label} again", self.service_address.address, self.service_address.port)

    def moved(self, now: int | None) -> tuple[str, ...]:
        """Return a flag if kube-proxy moved the rule during the measurement; `now` rules come before it at the end."""
        if now == self.rules_walked:
            return ()
        return (f"moved: {self.rules_walked} rules came before the target's rule at the start and {now} at the end",)


def choose_positions(
    service_addresses: tuple[ServiceAddress, ...], rules_walked: Mapping[ServiceAddress, int]
) -> tuple[Position, ...]:
    """Choose the first, the middle and the last of `service_addresses`, which are given in order of age."""
    places = [(service_address, rules_walked.get(service_address)) for service_address in service_addresses]
    places.sort(key=lambda place: -1 if place[1] is None else place[1])
    chosen = (places[0], places[len(places) // 2], places[-1])
    return tuple(Position(label, *place) for label, place in zip(POSITIONS, chosen, strict=True))
