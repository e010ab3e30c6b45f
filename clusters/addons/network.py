"""The pod network of source `built`, and the unit that brings network and leak guard back after a restart.

Pods hang on their node by a veth pair each (CNI ptp) with addresses from the node's podCIDR (host-local);
a node has one route for every peer. No overlay, no daemon, nothing between a packet and the proxy's rules.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from clusters.addons.guard import guard_rules
from clusters.engine import Engine

GUARD_FILE = "/etc/kubeproof/guard.nft"
CNI_FILE = "/etc/cni/net.d/10-kubeproof.conflist"
UNIT = "kubeproof-network.service"


@dataclass(frozen=True, slots=True)
class NodeNetwork:
    """A node's container, its address in the container network, and its share of the pod addresses."""

    container: str
    address: str
    pod_cidr: str


def cni_config(pod_cidr: str) -> str:
    """The node's CNI configuration."""
    return json.dumps(
        {
            "cniVersion": "1.0.0",
            "name": "kubeproof",
            "plugins": [
                {
                    "type": "ptp",
                    "ipMasq": False,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": "/run/cni-ipam-state",
                        "ranges": [[{"subnet": pod_cidr}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        },
        indent=2,
    )


def unit(peers: tuple[NodeNetwork, ...]) -> str:
    """A systemd unit that sets the routes to `peers` and loads the leak guard before any pod starts."""
    routes = "\n".join(f"ExecStart=/usr/sbin/ip route replace {peer.pod_cidr} via {peer.address}" for peer in peers)
    return f"""[Unit]
Description=routes to the other nodes' pods, and the leak guard
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file {GUARD_FILE}
{routes}

[Install]
WantedBy=multi-user.target
"""


def install_network(
    engine: Engine,
    nodes: tuple[NodeNetwork, ...],
    network: str,
    pod_cidr: str,
    service_cidr: str,
    *,
    own_pods: bool,
) -> None:
    """Put guard and, with `own_pods`, the pod network on every node, all at once. Raises `CommandFailed`."""
    addresses = tuple(node.address for node in nodes)

    def install(node: NodeNetwork) -> None:
        peers = tuple(peer for peer in nodes if peer is not node)
        guard = guard_rules(
            network,
            addresses,
            tuple(peer.pod_cidr for peer in peers),
            pod_cidr,
            service_cidr,
            masquerade=own_pods,
        )
        script = setup_script(guard, unit(peers if own_pods else ()), cni_config(node.pod_cidr) if own_pods else None)
        engine.exec(node.container, "bash", "-eu", stdin=script)

    with ThreadPoolExecutor(len(nodes)) as installers:
        for installed in [installers.submit(install, node) for node in nodes]:
            installed.result()


def setup_script(guard: str, unit: str, cni: str | None) -> str:
    """What a node runs, in one go: every call into a node costs a tenth of a second."""
    steps = [
        _file(GUARD_FILE, guard),
        _file(f"/etc/systemd/system/{UNIT}", unit),
        f"systemctl enable --now --quiet {UNIT}",
    ]
    if cni is not None:
        # Last, because with this file the kubelet reports the node ready and pods begin to start.
        steps.append(_file(CNI_FILE, cni))
    return "\n".join((*steps, ""))


def _file(path: str, text: str) -> str:
    """A line of shell that writes a file."""
    return f"install -D --mode=644 /dev/stdin {path} <<'END-OF-FILE'\n{text}\nEND-OF-FILE"
