"""What a rule costs on this host, found without Kubernetes, in the same moments as a step of a sweep.

A chain that is as kube-proxy's, rule for rule, but never matches, is walked to the same places in a network namespace
of the run's own: on substrate `host` that of a pod beside the generator, on `uml` a new one in the guest whose kernel
carries kube-proxy's rules. The backend of iptables is the one that kube-proxy uses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

from clusters.cluster import Node
from clusters.errors import WorldError
from clusters.spec import Substrate
from harness.dataplane.shell import ProxyShell
from harness.kube.client import Kube
from harness.kube.objects.workloads import RESOURCES, on_node, pod_spec
from harness.kube.wait import Waits
from harness.load.master import PROCESSES
from harness.load.plan import LoadPlan
from harness.performance.cost_per_rule import Place, Walk, walks

PROGRAM = (PROCESSES / "rule_chain.py").read_text()
ALLOWANCE_S = 30.0
"""For the chain to be written."""

POD = "rule-chain"


class ChainPlace(Protocol):
    """A network namespace of its own, in which a chain can be written and walked."""

    def run(self, plan: str, timeout_s: float) -> str:
        """What the program prints. Raises `WorldError` if it fails."""


@dataclass(frozen=True, slots=True)
class RuleChain:
    """Walks chains in a `place`, written by `restore`, iptables' own program."""

    place: ChainPlace
    restore: str

    def walk(self, places: tuple[int, ...], beside: LoadPlan) -> tuple[Walk, ...]:
        """Each place but the first, by how much later it is reached than the first, block by block.

        `places` tell how many rules are walked before each of the targets of `beside`. It lasts as long as that load's
        blocks, with its seed, its rate and its targets' shares of it: a rule that is walked more often is more often
        in the processor's caches, and may cost half as much. Raises `WorldError` if the chain cannot be
        written or walked.
        """
        plan = {
            "rules": max(places),
            "places": places,
            "blocks": int(beside.duration_s / beside.block_s),
            "block_s": beside.block_s,
            "rate_per_s": beside.rate_of_target_per_s * len(places),
            "seed": beside.seed,
            "timeout_s": beside.timeout_s,
            "restore": self.restore,
        }
        printed = self.place.run(json.dumps(plan), beside.duration_s + ALLOWANCE_S)
        return tuple(walks(places_reached(json.loads(printed))))


@dataclass(frozen=True, slots=True)
class ChainPod:
    """In a pod's network namespace."""

    kube: Kube
    namespace: str

    def run(self, plan: str, timeout_s: float) -> str:
        done = self.kube.exec(self.namespace, POD, ("python3", "-c", PROGRAM, plan), timeout_s=timeout_s)
        if done.exit_code != 0:
            complaint = (done.stderr.strip() or "it has said nothing").splitlines()[-1]
            raise WorldError(
                f"a chain of rules in {self.namespace}/{POD} could not be walked: {complaint}", detail=done.stderr
            )
        return done.stdout


@dataclass(frozen=True, slots=True)
class ChainInGuest:
    """Beside kube-proxy's rules, in the kernel of a node's own."""

    shell: ProxyShell
    node: Node

    def run(self, plan: str, timeout_s: float) -> str:
        argv = ("unshare", "--net", "python3", "-c", PROGRAM, plan)
        return self.shell.run(self.node, *argv, timeout_s=timeout_s)


def rule_chain(kube: Kube, namespace: str, waits: Waits, shell: ProxyShell, node: Node) -> RuleChain:
    """By the backend that kube-proxy uses on `node`; a pod for it goes with its namespace."""
    restore = restore_program(shell.run(node, "iptables", "--version"))
    if kube.cluster.substrate is Substrate.UML:
        return RuleChain(ChainInGuest(shell, node), restore)
    kube.create(namespace, chain_pod(kube.cluster.images.load, node.name))
    waits.wait_pods_ready(namespace, f"app={POD}", 1)
    return RuleChain(ChainPod(kube, namespace), restore)


def restore_program(iptables_version: str) -> str:
    """The program that writes rules by the backend of which `iptables --version` tells."""
    return "iptables-nft-restore" if "nf_tables" in iptables_version else "iptables-legacy-restore"


def places_reached(told: list[dict[str, Any]]) -> list[Place]:
    """As the program prints them."""
    return [
        Place(place["rules"], {number: median(block) for number, block in enumerate(place["blocks"]) if block})
        for place in told
    ]


def chain_pod(image: str, node: str) -> dict[str, Any]:
    """A pod that may write rules, in its own network namespace."""
    container = {
        "name": "chain",
        "image": image,
        "command": ["python3", "-c", "import signal; signal.pause()"],
        "resources": RESOURCES,
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
    }
    metadata = {"name": POD, "labels": {"app": POD}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(container, **on_node(node))}
