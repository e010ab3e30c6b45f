"""Runs in a pod, by Debian's Python alone: when does an address become reachable, or stop being so, or come back?

Reads a plan as JSON from its argument. From its moment on each address is tried again and again, `every_s` apart, each
time by a connection of its own, until what is wanted is seen or `limit_s` has passed. Reachable is an address from the
beginning of the first try that was answered; unreachable from the beginning of the first of `SURE` tries running that
were not. One that shall be reachable again is first seen to be unreachable. What is answered is reset, so that nothing
of it stays. Prints as JSON, for each address, the moments at which the states that were wanted of it began (seconds
since 1970; fewer than wanted if not all of them came) and how many tries there were.

Nothing is tried before its moment or after it is told, so that a node has little to do with tries while its kube-proxy
works.
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
        self.next_s = float(wish["at_s"])
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
        if self._waits_for(REACHABLE) and all(begun_s > earlier_s for earlier_s in self.began_s):
            self.began_s.append(begun_s)
        # A later try may be answered before an earlier one is given up.
        self._unanswered = [other_s for other_s in self._unanswered if other_s > begun_s]

    def not_answered(self, begun_s: float) -> None:
        if not self._waits_for(UNREACHABLE):
            return
        self._unanswered = sorted([*self._unanswered, begun_s])
        if len(self._unanswered) >= SURE:
            self.began_s.append(self._unanswered[0])

    def _waits_for(self, state: bool) -> bool:
        return self.waits and self._states[len(self.began_s)] == state


class Prober:
    """All addresses, and the tries that are under way."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._every_s = plan["every_s"]
        self._addresses = [Address(wish) for wish in plan["probes"]]
        self._end_s = max(address.next_s for address in self._addresses) + plan["limit_s"]
        self._selector = selectors.DefaultSelector()
        self._open: dict[socket.socket, tuple[Address, float]] = {}

    def run(self) -> list[dict[str, Any]]:
        while time.time() < self._end_s and (waiting := [address for address in self._addresses if address.waits]):
            now_s = time.time()
            for address in waiting:
                if address.next_s <= now_s:
                    address.next_s = max(address.next_s + self._every_s, now_s)
                    self._try(address, now_s)
            self._give_up(now_s)
            next_s = min(address.next_s for address in waiting)
            for ready, _ in self._selector.select(max(0.0, min(next_s - time.time(), self._every_s))):
                connection = ready.fileobj
                assert isinstance(connection, socket.socket)
                self._end(connection, connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0)
        for connection in list(self._open):
            self._close(connection)
        return [{"began_s": address.began_s, "tries": address.tries} for address in self._addresses]

    def _try(self, address: Address, now_s: float) -> None:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        address.tries += 1
        self._open[connection] = (address, now_s)
        self._selector.register(connection, selectors.EVENT_WRITE)
        if connection.connect_ex(address.target) not in (0, errno.EINPROGRESS):
            self._end(connection, False)

    def _end(self, connection: socket.socket, answered: bool) -> None:
        address, begun_s = self._close(connection)
        if answered:
            address.answered(begun_s)
        else:
            address.not_answered(begun_s)

    def _give_up(self, now_s: float) -> None:
        """Tries are kept in the order of their beginning."""
        for connection, (_, begun_s) in list(self._open.items()):
            if begun_s + PATIENCE_S > now_s:
                return
            self._end(connection, False)

    def _close(self, connection: socket.socket) -> tuple[Address, float]:
        self._selector.unregister(connection)
        connection.close()
        return self._open.pop(connection)


def main() -> None:
    print(json.dumps(Prober(json.loads(sys.argv[1])).run()))


if __name__ == "__main__":
    main()
