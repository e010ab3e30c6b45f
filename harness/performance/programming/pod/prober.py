"""Detect when addresses become reachable, become unreachable, or become reachable again. Runs in a pod.

It needs only Debian's Python. It reads a plan as JSON from its argument and tries each address repeatedly, from the
address's `at_s` on, each time with a new connection, until the wanted state is seen or `limit_s` has passed.

An address is reachable from the start of the first try that was answered. It is unreachable from the start of the first
of `FAILURES_NEEDED` consecutive tries that failed. A try fails if it is refused. It also fails if it gets no answer
while the liveness target, an address on the same path that stays reachable, gets one; if neither gets an answer, the
kernel may only be busy, and nothing is concluded. An address that is to become reachable again must first be seen
unreachable. Answered connections are reset, so that they leave no state behind.

It prints as JSON, for each address, when its wanted states began (seconds since 1970; fewer values if not all states
were seen) and the number of tries.

Each try traverses kube-proxy's rules and takes CPU time that kube-proxy needs. Tries therefore have a budget: one every
`every_s` seconds for all addresses together, which take turns. kube-proxy programs changes in groups, so when one
address shows a change, all others are tried at once, and tries then pause until the budget is met again. An address is
not tried before its `at_s` or after its wanted states were seen.
"""

import errno
import json
import selectors
import socket
import struct
import sys
import time
from typing import Any

FAILURES_NEEDED = 3
TIMEOUT_S = 0.05
"""A try without an answer after this time has failed; an answer between two nodes of one host takes under 1 ms."""

SUSPICION_S = 0.005
"""A try without an answer after this time shows that the address may be unreachable."""

FULL_ROUNDS, FULL_ROUND_EVERY_S = FAILURES_NEEDED, 0.005
"""How often, and at which interval, all addresses are tried after one has shown a change."""

LONGEST_PAUSE_S = 0.25
"""The longest pause of tries after full rounds have exceeded the budget."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
REACHABLE, UNREACHABLE = True, False
STATES = {
    "reachable": (REACHABLE,),
    "unreachable": (UNREACHABLE,),
    "reachable again": (UNREACHABLE, REACHABLE),
}
"""The states that must be seen one after the other, by the wanted state of an address."""


class Address:
    """One address and what was seen of it."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.target = (wish["address"], wish["port"])
        self.at_s = float(wish["at_s"])
        self.tried_s = 0.0
        self.began_s: list[float] = []
        self.tries = 0
        self._states = STATES[wish["want"]]
        self._unanswered: list[float] = []

    @property
    def waits(self) -> bool:
        """Whether some of the wanted states have not been seen yet."""
        return len(self.began_s) < len(self._states)

    def answered(self, begun_s: float) -> None:
        # A try from before the address became unreachable may be answered late, after the address was seen unreachable.
        if self.waits_for(REACHABLE) and all(begun_s > earlier_s for earlier_s in self.began_s):
            self.began_s.append(begun_s)
        # A later try may be answered before an earlier one times out.
        self._unanswered = [other_s for other_s in self._unanswered if other_s > begun_s]

    def not_answered(self, begun_s: float) -> None:
        if not self.waits_for(UNREACHABLE):
            return
        self._unanswered = sorted([*self._unanswered, begun_s])
        if len(self._unanswered) >= FAILURES_NEEDED:
            self.began_s.append(self._unanswered[0])

    def waits_for(self, state: bool) -> bool:
        return self.waits and self._states[len(self.began_s)] == state


class LivenessTarget:
    """An address on the same path that stays reachable; `answered_s` is the start of its latest answered try."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.target = (wish["address"], wish["port"])
        self.tried_s = self.answered_s = 0.0
        self.tries = 0

    def answered(self, begun_s: float) -> None:
        self.answered_s = max(self.answered_s, begun_s)

    def not_answered(self, begun_s: float) -> None:
        """Conclude nothing."""

    def waits_for(self, state: bool) -> bool:
        return False


class Prober:
    """All addresses and the tries in progress."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._every_s = plan["every_s"]
        self._addresses = [Address(wish) for wish in plan["probes"]]
        self._end_s = max(address.at_s for address in self._addresses) + plan["limit_s"]
        self._selector = selectors.DefaultSelector()
        self._liveness_target = LivenessTarget(plan["liveness"])
        self._open: dict[socket.socket, tuple[Address | LivenessTarget, float]] = {}
        self._next_s = min(address.at_s for address in self._addresses)
        self._full_rounds_left = self._tries_in_rounds = 0
        self._pause_end_s = 0.0

    def run(self) -> list[dict[str, Any]]:
        while time.time() < self._end_s and any(address.waits for address in self._addresses):
            now_s = time.time()
            if self._next_s <= now_s:
                self._take_turn(now_s)
            for ready, _ in self._selector.select(max(0.0, min(self._next_s - time.time(), SUSPICION_S))):
                connection = ready.fileobj
                assert isinstance(connection, socket.socket)
                self._end(connection, connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0)
            # Only after reading the answers that have arrived, because this process may have been delayed itself.
            self._time_out(now_s)
        for connection in list(self._open):
            self._close(connection)
        return [{"began_s": address.began_s, "tries": address.tries} for address in self._addresses]

    def _take_turn(self, now_s: float) -> None:
        """Try the address whose last try is the oldest; during full rounds, try all addresses."""
        due = sorted(self._due(now_s), key=lambda address: address.tried_s)
        if not self._full_rounds_left:
            for address in due[:1]:
                self._try(address, now_s)
            self._next_s = now_s + self._every_s
            return
        tried: list[Address | LivenessTarget] = [*due]
        if any(address.waits_for(UNREACHABLE) for address in due):
            tried.append(self._liveness_target)  # last: if its packet arrives, those sent before it arrived too
        for one in tried:
            self._try(one, now_s)
        self._tries_in_rounds += len(tried)
        self._full_rounds_left -= 1
        self._next_s = now_s + FULL_ROUND_EVERY_S
        if not self._full_rounds_left:
            pause_s = min(LONGEST_PAUSE_S, self._tries_in_rounds * self._every_s)
            self._next_s = self._pause_end_s = now_s + pause_s

    def _due(self, now_s: float) -> list[Address]:
        return [address for address in self._addresses if address.waits and address.at_s <= now_s]

    def _start_full_rounds(self, now_s: float) -> None:
        """Try all addresses after one has shown a change, unless full rounds or the pause after them last."""
        if not self._full_rounds_left and now_s >= self._pause_end_s:
            self._full_rounds_left, self._tries_in_rounds, self._next_s = FULL_ROUNDS, 0, now_s

    def _try(self, address: Address | LivenessTarget, now_s: float) -> None:
        address.tried_s = now_s
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        address.tries += 1
        self._open[connection] = (address, now_s)
        self._selector.register(connection, selectors.EVENT_WRITE)
        if connection.connect_ex(address.target) not in (0, errno.EINPROGRESS):
            self._end(connection, False)

    def _end(self, connection: socket.socket, answered: bool) -> None:
        address, begun_s = self._close(connection)
        if address.waits_for(answered):
            self._start_full_rounds(time.time())
        if answered:
            address.answered(begun_s)
        else:
            address.not_answered(begun_s)

    def _time_out(self, now_s: float) -> None:
        """End the tries that got no answer in time, and start full rounds if one is suspiciously slow."""
        # Tries are in order of their start.
        for connection, (address, begun_s) in list(self._open.items()):
            if begun_s + SUSPICION_S > now_s:
                return
            if begun_s + TIMEOUT_S <= now_s:
                self._close(connection)
                if self._liveness_target.answered_s >= begun_s:
                    address.not_answered(begun_s)
            elif address.waits_for(UNREACHABLE):
                self._start_full_rounds(now_s)

    def _close(self, connection: socket.socket) -> tuple[Address | LivenessTarget, float]:
        self._selector.unregister(connection)
        connection.close()
        return self._open.pop(connection)


def main() -> None:
    print(json.dumps(Prober(json.loads(sys.argv[1])).run()))


if __name__ == "__main__":
    main()
