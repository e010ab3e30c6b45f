"""Client pods, from which cases send requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.kube.client import ExecResult, Kube
from harness.traffic.delays import DelayTally
from harness.traffic.requests import CLOCK, Reply, Request, read_clock_s, send_from_pod


@dataclass(frozen=True, slots=True)
class Client:
    """A pod from which requests are sent: `address` is its IP address, `node` the name of its node."""

    kube: Kube
    namespace: str
    name: str
    address: str
    node: str
    tally: DelayTally = field(default_factory=DelayTally, compare=False, repr=False)

    @property
    def label(self) -> str:
        """Return the name of the client in messages, after the word "client"."""
        return f"{self.namespace}/{self.name}"

    def send(self, request: Request) -> tuple[Reply, ...]:
        """Make the request's connections and return the replies in order."""
        replies = send_from_pod(self.kube, self.namespace, self.name, request)
        self.tally.add(replies)
        return replies

    def run(self, *argv: str) -> ExecResult:
        """Run a program in the pod and return its output and exit code; no exit code is an error."""
        return self.kube.exec(self.namespace, self.name, argv)

    def clock_s(self) -> float:
        """Return the current time of the client's wall clock, as in `Reply.at_s`. Raises `WorldError` if that fails."""
        return read_clock_s(self.run(*CLOCK), self.label)
