"""What a rule costs on this host, found without Kubernetes: chains that never match, in a namespace of the run's own.

On substrate `host` that is a pod's network namespace, beside the generator; on `uml` a new one in the guest whose
kernel carries kube-proxy's rules. The backend of iptables is the one that kube-proxy uses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import median
from typing import Any

from clusters.errors import WorldError
from clusters.spec import Substrate
from harness.kube.wait import Waits
from harness.kube.workloads import RESOURCES, on_node, pod_spec
from harness.load.master import PROCESSES
from harness.load.sweep import SweepSetting
from harness.measure.rulecost import Walk, rule_cost
from harness.measure.slope import Slope

PROGRAM = (PROCESSES / "rule_chains.py").read_text()
RATE_PER_S = {Substrate.HOST: 400, Substrate.UML: 150}
BLOCKS, BLOCK_S = 25, 1.0
TIMEOUT_S = 2.0
ALLOWANCE_S = 60.0
"""For the chains to be written."""

POD = "rule-chains"


def calibrate(setting: SweepSetting, waits: Waits, most: int, seed: int) -> Slope:
    """Microseconds per rule, with its interval, from chains of up to `most` rules.

    Long chains do not fit into a processor's caches and cost more a rule, so chains as long as the sweep's are wanted.
    Raises `WorldError` if they cannot be made or walked.
    """
    substrate = setting.kube.cluster.substrate
    plan = {
        "sizes": sizes(most),
        "blocks": BLOCKS,
        "block_s": BLOCK_S,
        "rate_per_s": RATE_PER_S[substrate],
        "seed": seed,
        "timeout_s": TIMEOUT_S,
        "restore": restore_program(setting.shell.run(setting.load_node, "iptables", "--version")),
    }
    run = _in_guest if substrate is Substrate.UML else _in_pod
    return rule_cost(list(walks(json.loads(run(setting, waits, json.dumps(plan))))))


def sizes(most: int) -> tuple[int, ...]:
    """None, and a tenth, half and all of the rules that a sweep's longest chain has."""
    return (0, most // 10, most // 2, most)


def restore_program(version: str) -> str:
    """The program that writes rules by the backend of which `iptables --version` tells."""
    return "iptables-nft-restore" if "nf_tables" in version else "iptables-legacy-restore"


def walks(chains: list[dict[str, Any]]) -> Iterator[Walk]:
    """Each longer chain beside the shortest, block by block; `chains` as the program prints them."""
    shortest, *longer = sorted(chains, key=lambda chain: int(chain["rules"]))
    for chain in longer:
        for ours, theirs in zip(chain["blocks"], shortest["blocks"], strict=True):
            if ours and theirs:
                yield Walk(chain["rules"] - shortest["rules"], median(ours) - median(theirs))


def _in_guest(setting: SweepSetting, waits: Waits, plan: str) -> str:
    return setting.shell.run(setting.load_node, "unshare", "--net", "python3", "-c", PROGRAM, plan)


def _in_pod(setting: SweepSetting, waits: Waits, plan: str) -> str:
    kube, namespace = setting.kube, setting.namespace
    kube.create(namespace, chain_pod(kube.cluster.images.load, setting.load_node.name))
    waits.wait_pods_ready(namespace, f"app={POD}", 1)
    limit_s = BLOCKS * BLOCK_S + ALLOWANCE_S
    done = kube.exec(namespace, POD, ("python3", "-c", PROGRAM, plan), timeout_s=limit_s)
    if done.exit_code != 0:
        complaint = (done.stderr.strip() or "it has said nothing").splitlines()[-1]
        raise WorldError(f"chains of rules in {namespace}/{POD} could not be walked: {complaint}", detail=done.stderr)
    return done.stdout


def chain_pod(image: str, node: str) -> dict[str, Any]:
    """A pod that may write rules, in its own network namespace."""
    container = {
        "name": "chains",
        "image": image,
        "command": ["python3", "-c", "import signal; signal.pause()"],
        "resources": RESOURCES,
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
    }
    metadata = {"name": POD, "labels": {"app": POD}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(container, **on_node(node))}
