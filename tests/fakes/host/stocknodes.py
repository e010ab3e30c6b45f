"""A fake engine and kind program that create a cluster at once: one control plane node and two workers."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from clusters.proxymode import PROXY_CONFIG_COMMAND
from tests.fakes.host.commands import Answer, ScriptedCommands, failing
from tests.fakes.host.engine import DOCKER_INFO

ADDRESSES = {"control-plane": "172.18.0.2", "worker": "172.18.0.3", "worker2": "172.18.0.4"}
PERIODS = (("iptables", "1s"), ("ipvs", "0s"), ("nftables", "2s"))
"""The shortest time between two syncs by mode, all different."""


class WorkingKind(ScriptedCommands):
    """A `Commands` with a result for each command that creates cluster `name`; `script` replaces single results."""

    def __init__(self, name: str, mode: str, version: str, script: dict[str, Answer] | None = None) -> None:
        self.name = name
        self.there = False
        self.labels: dict[str, str] = {}
        """The labels of the cluster's network; empty until it is created."""
        kubectl = f"docker exec {name}-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf"
        answers: dict[str, Answer] = {
            "docker info": json.dumps(DOCKER_INFO),
            "docker image inspect": "sha256:0",
            "docker network create": self._create_network,
            "docker network ls": self._list_networks,
            "docker network inspect": lambda argv: json.dumps([self._network()]),
            "docker network rm": self._remove_network,
            "docker ps": lambda argv: " ".join(ADDRESSES) if self.there else "",
            "docker container inspect": json.dumps([self._node(role) for role in ADDRESSES]),
            "docker rm": self._remove,
            "docker exec": "",
            f"{kubectl} get nodes": json.dumps(
                {
                    "items": [
                        {"metadata": {"name": f"{name}-{role}"}, "spec": {"podCIDR": f"10.244.{number}.0/24"}}
                        for number, role in enumerate(ADDRESSES)
                    ]
                }
            ),
            f"{kubectl} get --raw=/apis/metrics": json.dumps(
                {"items": [{"metadata": {"name": f"{name}-{role}"}, "usage": {"cpu": "1n"}} for role in ADDRESSES]}
            ),
            f"{kubectl} get --raw=/version": json.dumps({"gitVersion": f"v{version}"}),
            f"{kubectl}": "",
            "kind version": "kind v0.33.0",
            "kind": self._create,
        }
        answers |= {f"docker exec {name}-{role} curl": f"{mode}" for role in ADDRESSES}
        config = json.dumps({"kubeproxy.config.k8s.io": {each: {"minSyncPeriod": period} for each, period in PERIODS}})
        answers |= {f"docker exec {name}-{role} {' '.join(PROXY_CONFIG_COMMAND)}": config for role in ADDRESSES}
        super().__init__(answers | (script or {}))

    def _create(self, argv: tuple[str, ...]) -> str:
        self.there = True
        for word in argv:
            if word.startswith("--kubeconfig="):
                Path(word.partition("=")[2]).write_text("apiVersion: v1\n")
        return ""

    def _create_network(self, argv: tuple[str, ...]) -> str:
        pairs = [value for option, value in pairwise(argv) if option == "--label"]
        self.labels = dict(pair.split("=", 1) for pair in pairs)
        return ""

    def _list_networks(self, argv: tuple[str, ...]) -> str:
        by_label = any(word.startswith("label=") for word in argv)
        return self.name if self.labels or (self.there and not by_label) else ""

    def _network(self) -> dict[str, object]:
        settings = {"Config": [{"Subnet": "172.18.0.0/16"}]}
        return {"Id": self.name, "Name": self.name, "Labels": self.labels, "IPAM": settings}

    def _remove_network(self, argv: tuple[str, ...]) -> str:
        self.labels = {}
        return ""

    def _remove(self, argv: tuple[str, ...]) -> str:
        self.there = False
        return ""

    def _node(self, role: str) -> dict[str, object]:
        return {
            "Id": role,
            "Name": f"/{self.name}-{role}",
            "Image": "sha256:1",
            "Config": {"Labels": {"io.x-k8s.kind.role": role.rstrip("2")}},
            "NetworkSettings": {"Networks": {self.name: {"IPAddress": ADDRESSES[role]}}},
        }


KIND_FAILS = failing("kind create cluster", "the API server did not come up")
