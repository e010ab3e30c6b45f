"""Runs in a pod, by Debian's Python alone: when does an address become reachable, or stop being so, or come back?

Reads a plan as JSON from its argument. From its moment on each address is tried again and again, each time by a
connection of its own, until what is wanted is seen or `limit_s` has passed. Reachable is an address from the beginning
of the first try that was answered; unreachable from the beginning of the first of `SURE` tries running that were
refused, or of which nothing was heard while the witness answered: an address on the same path that stays, for a kernel
that has no time for a while answers nobody. One that shall be reachable again is first seen to be unreachable. What is
answered is reset, so that nothing of it stays. Prints as JSON, for each address, the moments at which the states that
were wanted of it began (seconds since 1970; fewer than wanted if not all of them came) and how many tries there were.

A try costs the node a walk through kube-proxy's rules, and kube-proxy needs the processor. So tries have a budget: one
each `every_s`, whoever waits, in turns. What kube-proxy brings into the kernel comes together, so that where a change
shows itself at one address all others are looked at at once, and the budget is made up for afterwards. Nothing is tried
before its moment or after it is told.
"""

import errno
import json
import selectors
import socket
import struct
import sys
import time
from typing import Any

SURE = 3
PATIENCE_S = 0.05
"""A try that is not answered within this long is not answered; across two nodes of one host it takes under 1 ms."""

SUSPICION_S = 0.005
"""A try that is not answered within this long shows that the address may be gone."""

LOOKS, LOOKS_APART_S = SURE, 0.005
"""How often all addresses are looked at once one has shown a change."""

MOST_PAID_S = 0.25
"""For how long tries stand still, at most, because the budget was used up."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
REACHABLE, UNREACHABLE = True, False
STATES = {
    "reachable": (REACHABLE,),
    "unreachable": (UNREACHABLE,),
    "reachable again": (UNREACHABLE, REACHABLE),
}
"""By what is wanted of an address: the states to be seen of it, one after the other."""


class Address:
    """One address and what is known of it."""

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
        """Not everything that is wanted was seen."""
        return len(self.began_s) < len(self._states)

    def answered(self, begun_s: float) -> None:
        # The answer to a try from before the address became unreachable may come after it was seen to be.
        if self.waits_for(REACHABLE) and all(begun_s > earlier_s for earlier_s in self.began_s):
            self.began_s.append(begun_s)
        # A later try may be answered before an earlier one is given up.
        self._unanswered = [other_s for other_s in self._unanswered if other_s > begun_s]

    def not_answered(self, begun_s: float) -> None:
        if not self.waits_for(UNREACHABLE):
            return
        self._unanswered = sorted([*self._unanswered, begun_s])
        if len(self._unanswered) >= SURE:
            self.began_s.append(self._unanswered[0])

    def waits_for(self, state: bool) -> bool:
        return self.waits and self._states[len(self.began_s)] == state


class Witness:
    """An address that stays, on the path of all others: it was heard of in a try that began at `heard_s` at last."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.target = (wish["address"], wish["port"])
        self.tried_s = self.heard_s = 0.0
        self.tries = 0

    def answered(self, begun_s: float) -> None:
        self.heard_s = max(self.heard_s, begun_s)

    def not_answered(self, begun_s: float) -> None:
        """Nothing is concluded."""

    def waits_for(self, state: bool) -> bool:
        return False


class Prober:
    """All addresses, and the tries that are under way."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._every_s = plan["every_s"]
        self._addresses = [Address(wish) for wish in plan["probes"]]
        self._end_s = max(address.at_s for address in self._addresses) + plan["limit_s"]
        self._selector = selectors.DefaultSelector()
        self._witness = Witness(plan["witness"])
        self._open: dict[socket.socket, tuple[Address | Witness, float]] = {}
        self._next_s = min(address.at_s for address in self._addresses)
        self._samples = self._spent = 0
        self._paid_s = 0.0

    def run(self) -> list[dict[str, Any]]:
        while time.time() < self._end_s and any(address.waits for address in self._addresses):
            now_s = time.time()
            if self._next_s <= now_s:
                self._take_turn(now_s)
            for ready, _ in self._selector.select(max(0.0, min(self._next_s - time.time(), SUSPICION_S))):
                connection = ready.fileobj
                assert isinstance(connection, socket.socket)
                self._end(connection, connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0)
            # After what has come by now was read, for this process may have had no time either.
            self._give_up(now_s)
        for connection in list(self._open):
            self._close(connection)
        return [{"began_s": address.began_s, "tries": address.tries} for address in self._addresses]

    def _take_turn(self, now_s: float) -> None:
        """Try the address that was not tried for longest, or all of them."""
        due = sorted(self._due(now_s), key=lambda address: address.tried_s)
        if not self._samples:
            for address in due[:1]:
                self._try(address, now_s)
            self._next_s = now_s + self._every_s
            return
        asked: list[Address | Witness] = [*due]
        if any(address.waits_for(UNREACHABLE) for address in due):
            asked.append(self._witness)  # last: where it arrives, those before it did
        for one in asked:
            self._try(one, now_s)
        self._spent += len(asked)
        self._samples -= 1
        self._next_s = now_s + LOOKS_APART_S
        if not self._samples:
            self._next_s = self._paid_s = now_s + min(MOST_PAID_S, self._spent * self._every_s)

    def _due(self, now_s: float) -> list[Address]:
        return [address for address in self._addresses if address.waits and address.at_s <= now_s]

    def _look(self, now_s: float) -> None:
        """A change has shown itself at one address: look at all, unless that was done just now."""
        if not self._samples and now_s >= self._paid_s:
            self._samples, self._spent, self._next_s = LOOKS, 0, now_s

    def _try(self, address: Address | Witness, now_s: float) -> None:
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
            self._look(time.time())
        if answered:
            address.answered(begun_s)
        else:
            address.not_answered(begun_s)

    def _give_up(self, now_s: float) -> None:
        """Tries are kept in the order of their beginning."""
        for connection, (address, begun_s) in list(self._open.items()):
            if begun_s + SUSPICION_S > now_s:
                return
            if begun_s + PATIENCE_S <= now_s:
                self._close(connection)
                if self._witness.heard_s >= begun_s:
                    address.not_answered(begun_s)
            elif address.waits_for(UNREACHABLE):
                self._look(now_s)

    def _close(self, connection: socket.socket) -> tuple[Address | Witness, float]:
        self._selector.unregister(connection)
        connection.close()
        return self._open.pop(connection)


def main() -> None:
    print(json.dumps(Prober(json.loads(sys.argv[1])).run()))


if __name__ == "__main__":
    main()
