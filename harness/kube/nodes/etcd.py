"""What a cluster keeps in etcd, past its API server.

etcd runs on a control plane node as kubeadm sets it up, and takes JSON on its client port as well:
https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/. A node has curl; the image of etcd has no shell, and etcdctl does
one transaction and ends.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clusters.cluster import Cluster, Role
from harness.kube.nodes.shell import NodeShell

URL = "https://127.0.0.1:2379"
CERTIFICATES = "/etc/kubernetes/pki/etcd"
CURL = (
    *("--silent", "--show-error", "--fail", "--write-out", "\\n"),
    *(
        "--cacert",
        f"{CERTIFICATES}/ca.crt",
        "--cert",
        f"{CERTIFICATES}/server.crt",
        "--key",
        f"{CERTIFICATES}/server.key",
    ),
)


class Etcd:
    """The etcd of a cluster whose nodes we may run programs on.

    No two objects of one kind may come or go in one transaction. A transaction is one revision, which the API server
    hands on as the `resourceVersion` of all that is in it, and a watch that is taken up again after one of them never
    tells of the others. (Of 1,000 Services stored by 42, kube-proxies missed 16.)
    """

    def __init__(self, shell: NodeShell, cluster: Cluster) -> None:
        self._shell = shell
        self._node = next(node for node in cluster.nodes if node.role is Role.CONTROL_PLANE)

    def keys(self, prefix: str) -> tuple[str, ...]:
        """The keys below a prefix."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)  # the first key that no longer begins with it
        (found,) = self._ask("range", [{"key": _encoded(prefix), "range_end": _encoded(end), "keys_only": True}])
        return tuple(b64decode(pair["key"]).decode() for pair in found.get("kvs", ()))

    def create(self, groups: Sequence[Mapping[str, Mapping[str, Any]]]) -> tuple[bool, ...]:
        """Store the objects of each group under their keys, in JSON, which the API server reads as what it writes.

        One transaction a group, so all of it is stored, or none where one of its keys is taken; whether it was.
        """
        answers = self._ask("txn", [_storing(group) for group in groups])
        return tuple(bool(answer.get("succeeded")) for answer in answers)

    def delete(self, groups: Sequence[Iterable[str]]) -> None:
        """Take the keys of each group away, one transaction a group; absent ones are a success."""
        self._ask("txn", [_removing(group) for group in groups])

    def _ask(self, what: str, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers to requests that are sent one after the other on one connection."""
        argv = ["curl", "--fail-early"]
        for number, request in enumerate(requests):
            argv += [*(("--next",) if number else ()), *CURL, "--data", json.dumps(request), f"{URL}/v3/kv/{what}"]
        return [json.loads(line) for line in self._shell.run(self._node, *argv).splitlines() if line]


def _storing(objects: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "compare": [{"key": _encoded(key), "target": "CREATE", "create_revision": "0"} for key in objects],
        "success": [
            {"request_put": {"key": _encoded(key), "value": _encoded(json.dumps(value))}}
            for key, value in objects.items()
        ],
    }


def _removing(keys: Iterable[str]) -> dict[str, Any]:
    return {"success": [{"request_delete_range": {"key": _encoded(key)}} for key in keys]}


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()
