"""Direct access to a cluster's objects in etcd, bypassing its API server.

etcd runs on a control plane node as kubeadm sets it up, and also accepts JSON on its client port:
https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/. Requests are sent with the node's curl, because the etcd image
has no shell and one etcdctl process runs only one transaction.
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
    """The etcd of a cluster on whose nodes programs can be run.

    One transaction must not create or delete two objects of the same kind. A transaction is one revision, and the API
    server uses it as the `resourceVersion` of every object in it. A watch that resumes after one of these objects
    never reports the others. (Of 1,000 Services stored 42 per transaction, kube-proxies missed 16.)
    """

    def __init__(self, shell: NodeShell, cluster: Cluster) -> None:
        self._shell = shell
        self._node = next(node for node in cluster.nodes if node.role is Role.CONTROL_PLANE)

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Return the keys that begin with `prefix`."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)  # the first key that no longer begins with the prefix
        (found,) = self._post("range", [{"key": _encoded(prefix), "range_end": _encoded(end), "keys_only": True}])
        return tuple(b64decode(pair["key"]).decode() for pair in found.get("kvs", ()))

    def create(self, groups: Sequence[Mapping[str, Mapping[str, Any]]]) -> tuple[bool, ...]:
        """Store the objects of each group under their keys and return, for each group, whether it was stored.

        Each group is one transaction: if one of its keys exists already, nothing of the group is stored. Objects are
        stored as JSON, which the API server reads like its own storage format.
        """
        replies = self._post("txn", [_creation(group) for group in groups])
        return tuple(bool(reply.get("succeeded")) for reply in replies)

    def delete(self, groups: Sequence[Iterable[str]]) -> None:
        """Delete the keys of each group, in one transaction per group. Absent keys are a success."""
        self._post("txn", [_deletion(group) for group in groups])

    def _post(self, operation: str, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send the requests one after the other on one connection and return the replies."""
        argv = ["curl", "--fail-early"]
        for number, request in enumerate(requests):
            argv += [*(("--next",) if number else ()), *CURL, "--data", json.dumps(request), f"{URL}/v3/kv/{operation}"]
        return [json.loads(line) for line in self._shell.run(self._node, *argv).splitlines() if line]


def _creation(objects: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "compare": [{"key": _encoded(key), "target": "CREATE", "create_revision": "0"} for key in objects],
        "success": [
            {"request_put": {"key": _encoded(key), "value": _encoded(json.dumps(value))}}
            for key, value in objects.items()
        ],
    }


def _deletion(keys: Iterable[str]) -> dict[str, Any]:
    return {"success": [{"request_delete_range": {"key": _encoded(key)}} for key in keys]}


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()
