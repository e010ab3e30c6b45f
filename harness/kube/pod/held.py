"""Runs in a client pod, by Debian's Python alone: connections that stay open, each asked again and again.

Reads one JSON object from its argument: `host`, `port`, how many connections (`count`), the pause between two rounds
of asking (`spacing_s`), after how long to end in any case (`limit_s`), and two paths: a file that it makes once each
connection was opened and asked (`open`), and one whose appearance ends it, after a last round (`enough`).
Prints one JSON line a connection, in the order of their opening: who answered first (`body`), how many answers came,
and what broke it (`error`, "" if nothing did).
"""

import http.client
import json
import sys
import time
from pathlib import Path
from typing import Any

TIMEOUT_S = 5.0


class Held:
    """One connection."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self._connection = http.client.HTTPConnection(wish["host"], wish["port"], timeout=TIMEOUT_S)
        self.told: dict[str, Any] = {"body": "", "answers": 0, "error": ""}
        self._try(self._connection.connect)
        # What is lost shall not be opened again.
        self._connection.auto_open = 0

    def ask(self) -> None:
        if not self.told["error"]:
            self._try(self._ask)

    def _ask(self) -> None:
        self._connection.request("GET", "/hostname")
        body = self._connection.getresponse().read().decode(errors="replace")
        self.told["body"] = self.told["body"] or body
        self.told["answers"] += 1

    def _try(self, step: Any) -> None:
        try:
            step()
        except (OSError, http.client.HTTPException) as failure:
            self.told["error"] = f"{type(failure).__name__}: {failure}"


def main() -> None:
    wish = json.loads(sys.argv[1])
    end_s = time.monotonic() + wish["limit_s"]
    held = []
    for _ in range(wish["count"]):
        held.append(Held(wish))
        held[-1].ask()
    Path(wish["open"]).touch()
    last = False
    while not last:
        time.sleep(wish["spacing_s"])  # the caller's pace
        last = Path(wish["enough"]).exists() or time.monotonic() > end_s
        for one in held:
            one.ask()
    for one in held:
        print(json.dumps(one.told))


if __name__ == "__main__":
    main()
