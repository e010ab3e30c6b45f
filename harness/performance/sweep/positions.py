"""Which of many equal Services are measured: those whose rules come first, in the middle and last, or, where fronts are
looked up, that are the oldest, in the middle and the youngest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dataplane.reader import ServiceAddress
from harness.load.plan import Target

POSITIONS = ("head", "middle", "end")


@dataclass(frozen=True, slots=True)
class Position:
    """A target by its place in the chain; `rules_walked` is None where fronts are found by look-up."""

    label: str
    service_address: ServiceAddress
    rules_walked: int | None

    @property
    def target(self) -> Target:
        return Target(self.label, self.service_address.address, self.service_address.port)

    @property
    def aa_target(self) -> Target:
        """The same under another name: what differs between the two is chance, or a fault of ours."""
        return Target(f"{self.label} again", self.service_address.address, self.service_address.port)

    def moved(self, now: int | None) -> tuple[str, ...]:
        """The flag of a measurement during which kube-proxy has put the rule elsewhere; nothing if it has not."""
        if now == self.rules_walked:
            return ()
        return (f"moved: {self.rules_walked} rules came before the target's rule at the start and {now} at the end",)


def choose_positions(
    service_addresses: tuple[ServiceAddress, ...], rules_walked: Mapping[ServiceAddress, int]
) -> tuple[Position, ...]:
    """The fronts that come first, in the middle and last of all `service_addresses`, which are given by age."""
    places = [(service_address, rules_walked.get(service_address)) for service_address in service_addresses]
    places.sort(key=lambda place: -1 if place[1] is None else place[1])
    chosen = (places[0], places[len(places) // 2], places[-1])
    return tuple(Position(label, *place) for label, place in zip(POSITIONS, chosen, strict=True))
