"""Means of planting put back what they changed, also when the block within them fails."""

from dataclasses import replace

import pytest

from clusters.cluster import Node, Role
from clusters.spec import Substrate
from tests.fakes.owned import fake_cluster
from tests.fakes.shell import RecordingNodeShell
from tests.planted.fault import Site
from tests.planted.means import kernel, kubelets
from tests.planted.means.admission import removed, replaced
from tests.planted.means.proxies import IPTABLES_RESTORE, NFT, deceived, never_added

PROXYS_FILES = "/proc/7/root"
NODE = Node("worker", Role.WORKER, "172.18.0.3")


class Interrupted(Exception):
    """Something that ends a block."""


def site_with(**answers):
    shell = RecordingNodeShell({words.replace("_", " "): answer for words, answer in answers.items()})
    cluster = replace(fake_cluster(), nodes=(NODE,))
    return Site(cluster, None, shell, shell, None), shell


def commands_after(shell, means):
    """What ran once the block within `means` was interrupted."""

    def interrupted():
        with means:
            shell.ran.clear()
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted()
    return [" ".join(argv) for argv in shell.ran]


def test_a_packet_rule_goes_with_its_table():
    site, shell = site_with(nft_list="tcp dport 80 drop")
    means = kernel.packet_rule(site, NODE, "type filter hook prerouting priority raw", "tcp dport 80 drop")
    assert commands_after(shell, means) == ["sh -c nft add table inet planted; nft delete table inet planted"]


@pytest.mark.parametrize(
    ("tool", "undone"),
    [
        (IPTABLES_RESTORE, f"rm -f {PROXYS_FILES}/usr/local/sbin/iptables-restore"),
        (NFT, f"mv {PROXYS_FILES}/usr/sbin/nft.true {PROXYS_FILES}/usr/sbin/nft"),
    ],
    ids=["iptables", "nftables"],
)
def test_a_deceived_tool_is_itself_again(tool, undone):
    site, shell = site_with(pidof="7\n")
    assert commands_after(shell, deceived(site, tool, "s/a/b/")) == [undone]


@pytest.mark.parametrize(
    ("substrate", "place"),
    [
        (Substrate.HOST, "/usr/local/sbin/ipset"),
        (Substrate.UML, "/usr/local/lib/kubeproof/legacy/ipset"),
    ],
)
def test_nothing_stands_before_ipset_any_more(substrate, place):
    site, shell = site_with(pgrep="7\n")
    site = replace(site, cluster=replace(site.cluster, substrate=substrate))
    assert commands_after(shell, never_added(site, "KUBE-CLUSTER-IP")) == [f"rm -f {PROXYS_FILES}{place}"]


def test_a_kubelet_has_its_configuration_back_and_reads_it():
    site, shell = site_with(cat="staticPodPath: /etc/kubernetes/manifests\n")

    class Told:
        """The API server's way to the running kubelet's configuration."""

        def get(self, path):
            elsewhere = any(kubelets.NOWHERE in " ".join(argv) for argv in shell.ran)
            folder = kubelets.NOWHERE if elsewhere else "/etc/kubernetes/manifests"
            return {"kubeletconfig": {"staticPodPath": folder}}

    ran = commands_after(shell, kubelets.without_static_pods(replace(site, kube=Told()), NODE))
    assert ran == [
        "sh -c test ! -e /var/lib/kubelet/config.yaml.aside || "
        "mv /var/lib/kubelet/config.yaml.aside /var/lib/kubelet/config.yaml",
        "systemctl restart kubelet",
    ]


def test_a_patch_in_cel():
    assert removed("/spec/a", "/spec/b") == (
        '[JSONPatch{op: "remove", path: "/spec/a"}, JSONPatch{op: "remove", path: "/spec/b"}]'
    )
    assert replaced("/spec/a", "'b'") == """[JSONPatch{op: "add", path: "/spec/a", value: 'b'}]"""
