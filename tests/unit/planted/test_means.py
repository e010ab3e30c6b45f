"""Means of planting undo their changes, also when their block fails."""

from dataclasses import replace

import pytest

from clusters.cluster import Node, Role
from clusters.spec import Substrate
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.cluster.shell import RecordingNodeShell
from tests.planted.fault import Site
from tests.planted.means import kernel, kubelets
from tests.planted.means.admission import removed, replaced
from tests.planted.means.proxies import IPTABLES_RESTORE, NFT, additions_ignored, rules_altered

PROXY_ROOT = "/proc/7/root"
NODE = Node("worker", Role.WORKER, "172.18.0.3")


class Interrupted(Exception):
    """An error that ends a block."""


def site_with(**answers):
    shell = RecordingNodeShell({words.replace("_", " "): answer for words, answer in answers.items()})
    cluster = replace(fake_cluster(), nodes=(NODE,))
    return Site(cluster, None, shell, shell, None), shell


def commands_after(shell, means):
    """Return the commands that ran after the block of `means` was interrupted."""

    def interrupted():
        with means:
            shell.ran.clear()
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted()
    return [" ".join(argv) for argv in shell.ran]


def test_a_packet_rule_is_removed_with_its_table():
    site, shell = site_with(nft_list="tcp dport 80 drop")
    means = kernel.packet_rule(site, NODE, "type filter hook prerouting priority raw", "tcp dport 80 drop")
    assert commands_after(shell, means) == ["sh -c nft add table inet planted; nft delete table inet planted"]


@pytest.mark.parametrize(
    ("tool", "undone"),
    [
        (IPTABLES_RESTORE, f"rm -f {PROXY_ROOT}/usr/local/sbin/iptables-restore"),
        (NFT, f"mv {PROXY_ROOT}/usr/sbin/nft.true {PROXY_ROOT}/usr/sbin/nft"),
    ],
    ids=["iptables", "nftables"],
)
def test_the_original_tool_is_restored(tool, undone):
    site, shell = site_with(pidof="7\n")
    assert commands_after(shell, rules_altered(site, tool, "s/a/b/")) == [undone]


@pytest.mark.parametrize(
    ("substrate", "path"),
    [
        (Substrate.HOST, "/usr/local/sbin/ipset"),
        (Substrate.UML, "/usr/local/lib/kubeproof/legacy/ipset"),
    ],
)
def test_the_replacement_of_ipset_is_removed(substrate, path):
    site, shell = site_with(pgrep="7\n")
    site = replace(site, cluster=replace(site.cluster, substrate=substrate))
    assert commands_after(shell, additions_ignored(site, "KUBE-CLUSTER-IP")) == [f"rm -f {PROXY_ROOT}{path}"]


def test_the_configuration_of_a_kubelet_is_restored_and_loaded():
    site, shell = site_with(cat="staticPodPath: /etc/kubernetes/manifests\n")

    class RunningConfiguration:
        """An API server that returns the configuration of the running kubelet."""

        def get(self, path):
            changed = any(kubelets.EMPTY_FOLDER in " ".join(argv) for argv in shell.ran)
            folder = kubelets.EMPTY_FOLDER if changed else "/etc/kubernetes/manifests"
            return {"kubeletconfig": {"staticPodPath": folder}}

    ran = commands_after(shell, kubelets.without_static_pods(replace(site, kube=RunningConfiguration()), NODE))
    assert ran == [
        "sh -c test ! -e /var/lib/kubelet/config.yaml.aside || "
        "mv /var/lib/kubelet/config.yaml.aside /var/lib/kubelet/config.yaml",
        "systemctl restart kubelet",
    ]


def test_patches_are_written_in_cel():
    assert removed("/spec/a", "/spec/b") == (
        '[JSONPatch{op: "remove", path: "/spec/a"}, JSONPatch{op: "remove", path: "/spec/b"}]'
    )
    assert replaced("/spec/a", "'b'") == """[JSONPatch{op: "add", path: "/spec/a", value: 'b'}]"""
