"""Measure the cost per rule on this host without Kubernetes, at the same time as a step of a sweep (calibration).

The calibration chain has as many rules as kube-proxy's and of the same shape, but they never match. Connections
traverse it to the same places in a separate network namespace: on substrate `host`, that of a pod on the generator's
node; on `uml`, a new one in the guest whose kernel holds kube-proxy's rules. It uses the same backend of iptables as
kube-proxy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from clusters.cluster import Node
from clusters.errors import WorldError
from clusters.spec import Substrate
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.objects.workloads import RESOURCES, on_node, pod_spec
from harness.kube.wait import Waits
from harness.load.master import PROCESSES
from harness.load.plan import Block, LoadPlan, TargetBlocks
from harness.statistics.histogram import encode

PROGRAM = (PROCESSES / "rule_chain.py").read_text()
ALLOWANCE_S = 30.0
"""Time added to the duration of a load for writing the chain."""

POD = "rule-chain"


class ChainPlace(Protocol):
    """A network namespace in which a calibration chain can be written and measured."""

    def run(self, plan: str, timeout_s: float) -> str:
        """Run the program and return its output. Raises `WorldError` if it fails."""


@dataclass(frozen=True, slots=True)
class RuleChain:
    """Measures calibration chains in a `place`; `restore` is the variant of iptables-restore that writes them."""

    place: ChainPlace
    restore: str

    def measure(self, places: tuple[int, ...], load: LoadPlan) -> dict[int, TargetBlocks]:
        """Measure a chain while `load` runs; return the blocks of each place by the rules traversed before it.

        `places` are the numbers of rules before each of the load's targets. The measurement has the load's duration,
        blocks, seed and rate per target: a rule that is traversed more often is more often in the processor's caches
        and may cost half as much. Raises `WorldError` if the chain cannot be written or measured.
        """
        plan = {
            "rules": max(places),
            "places": places,
            "blocks": int(load.duration_s / load.block_s),
            "block_s": load.block_s,
            "rate_per_s": load.rate_of_target_per_s * len(places),
            "seed": load.seed,
            "timeout_s": load.timeout_s,
            "restore": self.restore,
        }
        output = self.place.run(json.dumps(plan), load.duration_s + ALLOWANCE_S)
        return {place["rules"]: _blocks(place["blocks"]) for place in json.loads(output)}


@dataclass(frozen=True, slots=True)
class ChainPod:
    """The network namespace of a pod."""

    kube: Kube
    namespace: str

    def run(self, plan: str, timeout_s: float) -> str:
        done = self.kube.exec(self.namespace, POD, ("python3", "-c", PROGRAM, plan), timeout_s=timeout_s)
        if done.exit_code != 0:
            last_line = (done.stderr.strip() or "no error output").splitlines()[-1]
            raise WorldError(
                f"the calibration chain in pod {self.namespace}/{POD} could not be measured: {last_line}",
                detail=done.stderr,
            )
        return done.stdout


@dataclass(frozen=True, slots=True)
class ChainInGuest:
    """A new network namespace in the user-mode Linux of a node, whose kernel holds kube-proxy's rules."""

    shell: ProxyShell
    node: Node

    def run(self, plan: str, timeout_s: float) -> str:
        argv = ("unshare", "--net", "python3", "-c", PROGRAM, plan)
        return self.shell.run(self.node, *argv, timeout_s=timeout_s)


def rule_chain(kube: Kube, namespace: str, waits: Waits, shell: ProxyShell, node: Node) -> RuleChain:
    """Return a calibration chain with the iptables backend that kube-proxy uses on `node`.

    On substrate `host` it creates a pod, which is deleted with its namespace.
    """
    restore = restore_program(shell.run(node, "iptables", "--version"))
    if kube.cluster.substrate is Substrate.UML:
        return RuleChain(ChainInGuest(shell, node), restore)
    kube.create(namespace, chain_pod(kube.cluster.images.load, node.name))
    waits.wait_pods_ready(namespace, f"app={POD}", 1)
    return RuleChain(ChainPod(kube, namespace), restore)


def restore_program(iptables_version: str) -> str:
    """Return the iptables-restore program for the backend named in the output of `iptables --version`."""
    return "iptables-nft-restore" if "nf_tables" in iptables_version else "iptables-legacy-restore"


def _blocks(latencies_us: list[list[int]]) -> TargetBlocks:
    """Return the blocks of one place; those without samples are left out."""
    sampled = ((number, block_us) for number, block_us in enumerate(latencies_us) if block_us)
    return TargetBlocks(tuple(Block(number, kernel=encode(block_us)) for number, block_us in sampled))


def chain_pod(image: str, node: str) -> dict[str, Any]:
    """Return the manifest of a pod that may write rules in its own network namespace."""
    container = {
        "name": "chain",
        "image": image,
        "command": ["python3", "-c", "import signal; signal.pause()"],
        "resources": RESOURCES,
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
    }
    metadata = {"name": POD, "labels": {"app": POD}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(container, **on_node(node))}
