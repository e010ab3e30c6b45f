"""kube-proxy's nft is older than the node's, and must work next to every table that the node's nft has loaded.

nft 1.0.6 ends with a segmentation fault, whatever the command, if nft 1.1.3 has stored a named set in any table:
https://github.com/kubernetes/kubernetes/issues/136786.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters.addons.guard import LIST_COUNTERS, guard_rules, read_guard_count
from clusters.errors import CommandFailed
from clusters.images.recipes import RECIPES
from harness.kube.nodes.shell import CUT
from tests import planted
from tests.planted.means import kernel as kernel_means
from tests.planted.means.kernel import (
    FILTER_FORWARD,
    FILTER_OUTPUT,
    NAT_POSTROUTING,
    RAW_PREROUTING,
    REDIRECTED,
    packet_rule,
    table_of_rule,
)
from tests.tables.conftest import Kernel

sys.path.insert(0, str(RECIPES / "director"))  # The image contains only this package.
from director.plumbing import rules as director_rules  # type: ignore[import-not-found]

PLANTED = {
    "node ports dropped": (RAW_PREROUTING, "fib daddr type local tcp dport 30000-32767 drop"),
    "connections lost": (
        RAW_PREROUTING,
        "ip daddr 10.96.0.0/16 tcp dport 80 tcp flags & (syn | ack) == syn numgen random mod 4 == 0 drop",
    ),
    "UDP dropped": (RAW_PREROUTING, "ip daddr 10.96.0.0/16 udp dport 81 drop"),
    "sources hidden": (NAT_POSTROUTING, "ip saddr 10.244.0.0/16 ip daddr 10.244.0.0/16 masquerade"),
    "hairpins dropped": (FILTER_FORWARD, 'iifname "veth*" oifname "veth*" meta mark & 0x4000 == 0x4000 drop'),
    "errors dropped": (FILTER_OUTPUT, "icmp type destination-unreachable drop"),
    "load balancers unreachable": (
        RAW_PREROUTING,
        'iifname "eth0" ip daddr 172.18.0.0/16 ip daddr != { 172.18.0.2, 172.18.0.3 } drop',
    ),
    "kube-proxies cut off": (RAW_PREROUTING, "ip saddr 169.254.0.0/16 tcp dport 6443 drop"),
    "registry redirected": (REDIRECTED, "meta skuid != 65532 tcp dport 5000 dnat ip to 172.18.0.2:5001"),
}

TABLES = {
    "leak guard": guard_rules(
        "172.18.0.0/16",
        ("172.18.0.2", "172.18.0.3"),
        ("10.244.1.0/24",),
        "10.244.0.0/16",
        "10.96.0.0/16",
        masquerade=True,
    ),
    "cut uplink": CUT,
    "director": director_rules(),
    **{name: table_of_rule(hook, rule) for name, (hook, rule) in PLANTED.items()},
}

WITH_A_NAMED_SET = "table ip named { set addresses { type ipv4_addr; }; }"

KUBE_PROXY_TABLE = (
    "table ip kube-proxy { set cluster-ips { type ipv4_addr; }; chain c { ip daddr @cluster-ips accept; }; }"
)


@pytest.mark.parametrize("table", TABLES)
def test_the_older_nft_works_next_to_each_table_of_a_node(kernel: Kernel, table: str) -> None:
    kernel.load(TABLES[table])
    kernel.run_older("--check", KUBE_PROXY_TABLE)
    kernel.run_older(KUBE_PROXY_TABLE)
    kernel.run_older("add", "element", "ip", "kube-proxy", "cluster-ips", "{ 10.96.0.1 }")
    assert "10.96.0.1" in kernel.run_older("list", "set", "ip", "kube-proxy", "cluster-ips")
    assert "kube-proxy" in kernel.run_older("--json", "list", "ruleset")


def test_the_older_nft_reads_the_leak_guards_counters(kernel: Kernel) -> None:
    kernel.load(TABLES["leak guard"])
    read_guard_count(kernel.run_older(*LIST_COUNTERS[1:]))


def test_the_older_nft_crashes_if_the_newer_one_has_stored_a_named_set(kernel: Kernel) -> None:
    """If this fails, the other tests prove nothing, because the bug is not in these versions of nft."""
    assert "v1.0.6" in kernel.version(kernel.older)
    assert "v1.1.3" in kernel.version(kernel.newer)
    kernel.load(WITH_A_NAMED_SET)
    with pytest.raises(CommandFailed) as crashed:
        kernel.run_older("list", "tables")
    assert crashed.value.exit_code_seen == 139


def test_every_rule_of_a_planted_fault_is_among_the_tables() -> None:
    found = sorted(hook for hook, _ in planted_rules())
    assert found == sorted(hook for hook, _ in PLANTED.values())
    for hook, texts in planted_rules():
        assert any(hook == known and all(text in rule for text in texts) for known, rule in PLANTED.values()), texts


def planted_rules() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the hook of every call of `packet_rule` in `tests/planted`, and the constant parts of its rule."""
    for file in Path(planted.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == packet_rule.__name__:
                _, _, hook, rule = node.args
                texts = (part.value for part in ast.walk(rule) if isinstance(part, ast.Constant))
                yield getattr(kernel_means, ast.unparse(hook)), tuple(str(text) for text in texts)
