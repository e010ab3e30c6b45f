"""Which of many equal Services are measured: those whose rules come first, in the middle and last, or, where fronts are
looked up, that are the oldest, in the middle and the youngest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dataplane.reader import ServicePort
from harness.load.plan import Target

POSITIONS = ("head", "middle", "end")


@dataclass(frozen=True, slots=True)
class Position:
    """A target by its place in the chain; `rules_walked` is None where fronts are found by look-up."""

    label: str
    front: ServicePort
    rules_walked: int | None

    @property
    def target(self) -> Target:
        return Target(self.label, self.front.address, self.front.port)

    @property
    def twin(self) -> Target:
        """The same under another name: what differs between the two is chance, or a fault of ours."""
        return Target(f"{self.label} again", self.front.address, self.front.port)

    def moved(self, now: int | None) -> tuple[str, ...]:
        """The flag of a measurement during which kube-proxy has put the rule elsewhere; nothing if it has not."""
        if now == self.rules_walked:
            return ()
        return (f"moved: the rule stood at {self.rules_walked} before and at {now} after",)


def choose_positions(fronts: tuple[ServicePort, ...], rules_walked: Mapping[ServicePort, int]) -> tuple[Position, ...]:
    """The fronts that come first, in the middle and last of all `fronts`, which are given by age."""
    places = [(front, rules_walked.get(front)) for front in fronts]
    places.sort(key=lambda place: -1 if place[1] is None else place[1])
    chosen = (places[0], places[len(places) // 2], places[-1])
    return tuple(Position(label, *place) for label, place in zip(POSITIONS, chosen, strict=True))
