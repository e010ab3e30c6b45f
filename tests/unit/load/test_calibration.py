import json
import subprocess
import sys

import pytest

from harness.load.calibration import PROGRAM, chain_pod, restore_program, sizes, walks
from harness.load.master import PROCESSES
from harness.measure.rulecost import Walk

PLAN = {"sizes": [0, 2000], "blocks": 2, "block_s": 0.2, "rate_per_s": 200, "seed": 1, "timeout_s": 5}


def test_a_longer_chain_stands_beside_the_shortest_block_by_block():
    chains = [{"rules": 1001, "blocks": [[30, 32], [40]]}, {"rules": 0, "blocks": [[10, 12], []]}]
    assert list(walks(chains)) == [Walk(1001, 20)]


def test_chains_are_as_long_as_the_sweeps():
    assert sizes(1000) == (0, 100, 500, 1000)


def test_rules_are_written_by_the_backend_that_kube_proxy_uses():
    assert restore_program("iptables v1.8.9 (nf_tables)") == "iptables-nft-restore"
    assert restore_program("iptables v1.8.9 (legacy)") == "iptables-legacy-restore"


def test_chains_never_match_and_hang_each_behind_its_own_port():
    code = f"import sys; sys.path.insert(0, {str(PROCESSES)!r}); import rule_chains; " + (
        "print(rule_chains.chains({0: 4000, 2: 4001})); print(rule_chains.walked({0: 4000, 2: 4001}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    rules = [line for line in told.splitlines() if line.startswith("-A")]
    assert sum("--dport 400" in rule for rule in rules) == 2
    never = [rule for rule in rules if rule.startswith("-A KUBEPROOF-2 ")]
    assert len(never) == 2
    assert all(" -d 198.1" in rule and "-j KUBEPROOF-NEVER" in rule for rule in never)
    assert told.splitlines()[-1] == "{0: 0, 2: 3}"


def test_the_pod_may_write_rules_and_no_more():
    (container,) = chain_pod("image", "n1")["spec"]["containers"]
    assert container["securityContext"] == {"capabilities": {"add": ["NET_ADMIN"]}}


def can_make_namespaces():
    argv = ["unshare", "--net", "iptables-nft", "--version"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_make_namespaces(), reason="no network namespaces or no iptables for this user")
def test_a_longer_chain_takes_longer():
    argv = ["unshare", "--net", sys.executable, "-c", PROGRAM]
    plan = json.dumps({**PLAN, "restore": "iptables-nft-restore"})
    done = subprocess.run([*argv, plan], capture_output=True, text=True, check=True)
    found = list(walks(json.loads(done.stdout)))
    assert [walk.rules for walk in found] == [2001, 2001]
    assert all(walk.later_us > 0 for walk in found)
