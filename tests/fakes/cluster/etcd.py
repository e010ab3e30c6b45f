"""A fake etcd: a node's curl commands read and change a dictionary."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from clusters.cluster import Node

MOST_ARGUMENT_BYTES = 128 * 1024
"""Linux's limit for the length of one argument."""


class FakeEtcd:
    """The shell of a node with etcd. `stored` has the objects by key, `transactions` the keys of each transaction."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.transactions: list[list[str]] = []
        self.programs = 0

    def run(self, node: Node, *argv: str) -> str:
        assert argv[0] == "curl", argv
        assert all(len(word) < MOST_ARGUMENT_BYTES for word in argv)
        self.programs += 1
        answers = []
        for place, word in enumerate(argv):
            if word == "--data":
                wanted, url = json.loads(argv[place + 1]), argv[place + 2]
                answers.append(self._range(wanted) if url.endswith("/v3/kv/range") else self._commit(wanted))
        return "\n".join(json.dumps(answer) for answer in answers) + "\n"

    def _range(self, wanted: dict[str, str]) -> dict[str, Any]:
        first, end = _plain(wanted["key"]), _plain(wanted["range_end"])
        found = sorted(key for key in self.stored if first <= key < end)
        return {"kvs": [{"key": b64encode(key.encode()).decode()} for key in found]} if found else {}

    def _commit(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if any(_plain(compare["key"]) in self.stored for compare in wanted.get("compare", ())):
            return {}
        self.transactions.append([_plain(next(iter(change.values()))["key"]) for change in wanted["success"]])
        for change in wanted["success"]:
            if "request_put" in change:
                put = change["request_put"]
                self.stored[_plain(put["key"])] = json.loads(_plain(put["value"]))
            else:
                self.stored.pop(_plain(change["request_delete_range"]["key"]), None)
        return {"succeeded": True}


def _plain(text: str) -> str:
    return b64decode(text).decode()
