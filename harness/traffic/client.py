"""A pod of a case that sends requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.kube.client import ExecResult, Kube
from harness.traffic.delays import DelayTally
from harness.traffic.requests import CLOCK, Reply, Request, hit, read_clock_s


@dataclass(frozen=True, slots=True)
class Client:
    """A pod from which requests are sent; `address` is the pod's, `node` the name of its node."""

    kube: Kube
    namespace: str
    name: str
    address: str
    node: str
    tally: DelayTally = field(default_factory=DelayTally, compare=False, repr=False)

    @property
    def label(self) -> str:
        """What a message calls it after the word "client"."""
        return f"{self.namespace}/{self.name}"

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections; replies in order."""
        replies = hit(self.kube, self.namespace, self.name, request)
        self.tally.add(replies)
        return replies

    def run(self, *argv: str) -> ExecResult:
        """Run a program in the pod; any exit code is an answer."""
        return self.kube.exec(self.namespace, self.name, argv)

    def clock_s(self) -> float:
        """Return the client's wall clock now, the one of `Reply.at_s`. Raises `WorldError` if the client fails."""
        return read_clock_s(self.run(*CLOCK), self.label)
