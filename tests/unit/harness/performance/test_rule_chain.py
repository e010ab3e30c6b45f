import json
import subprocess
import sys
from dataclasses import dataclass, field
from statistics import median

import pytest

from clusters.cluster import Node, Role
from clusters.errors import WorldError
from harness.kube.client import ExecResult
from harness.load.master import PROCESSES
from harness.load.plan import Block, LoadPlan, Target, TargetBlocks
from harness.performance.rule_chain import (
    POD,
    PROGRAM,
    ChainInGuest,
    ChainPod,
    RuleChain,
    chain_pod,
    restore_program,
)
from harness.statistics.histogram import encode

TARGETS = tuple(Target(label, "10.96.0.9", 80) for label in ("head", "middle", "end", "same node"))


def blocks(*latencies_us):
    return TargetBlocks(tuple(Block(number, kernel=encode(one)) for number, one in enumerate(latencies_us)))


@dataclass
class FakeKube:
    """A pod in which every program has the same output."""

    output: ExecResult
    commands: list[tuple[str, ...]] = field(default_factory=list)

    def exec(self, namespace, pod, argv, timeout_s):
        assert (namespace, pod) == ("lab", POD)
        self.commands.append(argv)
        return self.output


def test_a_chain_is_measured_with_the_duration_rate_and_seed_of_the_load():
    printed = [{"rules": 2, "blocks": [[30, 32], [40]]}, {"rules": 1004, "blocks": [[61, 63], []]}]
    kube = FakeKube(ExecResult(json.dumps(printed), "", 0))
    chain = RuleChain(ChainPod(kube, "lab"), "iptables-nft-restore")
    found = chain.measure((2, 503, 1002, 2), LoadPlan(TARGETS, 400, 20, seed=7))
    assert found == {2: blocks([30, 32], [40]), 1004: blocks([61, 63])}
    plan = json.loads(kube.commands[0][-1])
    assert (plan["rules"], plan["places"]) == (1002, [2, 503, 1002, 2])
    assert (plan["blocks"], plan["rate_per_s"], plan["seed"]) == (20, 400, 7)


def test_a_chain_that_cannot_be_written_is_an_environment_error():
    kube = FakeKube(ExecResult("", "trace\niptables-nft-restore: line 4 failed\n", 1))
    chain = RuleChain(ChainPod(kube, "lab"), "iptables-nft-restore")
    with pytest.raises(WorldError, match="lab/rule-chain could not be measured: iptables-nft-restore: line 4 failed"):
        chain.measure((0, 5, 10, 0), LoadPlan(TARGETS, 400, 20, seed=7))


class FakeShell:
    """A shell in the kernel that holds the rules of a node's kube-proxy."""

    def __init__(self):
        self.commands = []

    def run(self, node, *argv, timeout_s):
        self.commands.append((node.name, *argv[:4], timeout_s))
        return "[]"


def test_in_user_mode_linux_the_chain_is_in_the_kernel_of_kube_proxys_rules():
    shell = FakeShell()
    chain = RuleChain(ChainInGuest(shell, Node("n1", Role.WORKER, "172.18.0.3")), "iptables-legacy-restore")
    assert chain.measure((0, 5, 10, 0), LoadPlan(TARGETS, 150, 20, seed=7)) == {}
    assert shell.commands == [("n1", "unshare", "--net", "python3", "-c", 50.0)]


def test_rules_are_written_by_the_backend_that_kube_proxy_uses():
    assert restore_program("iptables v1.8.9 (nf_tables)") == "iptables-nft-restore"
    assert restore_program("iptables v1.8.9 (legacy)") == "iptables-legacy-restore"


def test_rules_match_only_at_the_places_each_for_a_port_of_its_own():
    code = f"import sys; sys.path.insert(0, {str(PROCESSES)!r}); import rule_chain; " + (
        "print(rule_chain.chain(4, [0, 2, 4])); print(rule_chain.walked([0, 2, 4]))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    rules = [line.rsplit(" ", 1)[1] for line in output.splitlines() if line.startswith("-A KUBEPROOF-SERVICES")]
    here, never = "KUBEPROOF-HERE", "KUBEPROOF-NEVER"
    assert rules == [here, never, never, here, never, never, here]
    assert [f"--dport {port} -j {here}" in output for port in (8001, 8002, 8003)] == [True, True, True]
    assert output.count(" -d 198.18.0.") == 4
    assert output.splitlines()[-1] == "[0, 3, 6]"


def test_the_pod_has_no_capability_but_to_write_rules():
    (container,) = chain_pod("image", "n1")["spec"]["containers"]
    assert container["securityContext"] == {"capabilities": {"add": ["NET_ADMIN"]}}


def can_make_namespaces():
    argv = ["unshare", "--net", "iptables-nft", "--version"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_make_namespaces(), reason="no network namespaces or no iptables for this user")
def test_connections_take_longer_to_a_later_place():
    argv = ["unshare", "--net", sys.executable, "-c", PROGRAM]
    plan = {"rules": 4000, "places": [0, 2000, 4000], "blocks": 2, "block_s": 0.2, "rate_per_s": 200, "seed": 1}
    plan |= {"timeout_s": 5, "restore": "iptables-nft-restore"}
    done = subprocess.run([*argv, json.dumps(plan)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert [place["rules"] for place in found] == [0, 2001, 4002]
    first, middle, last = (median(us for block in place["blocks"] for us in block) for place in found)
    assert first < middle < last
