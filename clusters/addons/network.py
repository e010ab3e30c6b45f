"""The pod network of source `built`, and the systemd unit that restores network and leak guard after a restart.

A veth pair connects each pod to its node (CNI plugin ptp), with an address from the node's podCIDR (host-local). A node
has one route to the pods of each other node. There is no overlay and no daemon, so that nothing but kube-proxy's rules
affects a packet.
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
    """A node's container, its address in the container network, and its podCIDR."""

    container: str
    address: str
    pod_cidr: str


def cni_config(pod_cidr: str) -> str:
    """Return the node's CNI configuration."""
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
    """Return a systemd unit that loads the leak guard and sets the routes to `peers` before any pod starts."""
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
    """Install the leak guard and, with `own_pods`, the pod network on all nodes at once. Raises `CommandFailed`."""
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
    """Return the shell script that sets up a node. It is a single script because each `docker exec` takes 0.1 s."""
    steps = [
        _file(GUARD_FILE, guard),
        _file(f"/etc/systemd/system/{UNIT}", unit),
        f"systemctl enable --now --quiet {UNIT}",
    ]
    if cni is not None:
        # Write this file last: once it exists, the kubelet reports the node as ready and pods start.
        steps.append(_file(CNI_FILE, cni))
    return "\n".join((*steps, ""))


def _file(path: str, text: str) -> str:
    """Return the shell command that writes a file."""
    return f"install -D --mode=644 /dev/stdin {path} <<'END-OF-FILE'\n{text}\nEND-OF-FILE"
