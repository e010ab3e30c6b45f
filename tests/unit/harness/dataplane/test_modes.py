import pytest

from clusters.cluster import Node, Role
from clusters.spec import Mode
from harness.dataplane.modes import DATA_PLANES, TO_SWITCH_TO, mode_to_switch_to, open_data_plane
from harness.dataplane.nftables import NftablesDataPlane
from tests.fakes.cluster.shell import TextShell
from tests.fakes.host.commands import failing


def test_every_mode_has_a_data_plane():
    assert set(DATA_PLANES) == set(Mode)


def test_every_mode_can_be_switched_to():
    assert set(TO_SWITCH_TO) == set(Mode)


def test_the_reader_is_that_of_the_mode():
    assert isinstance(open_data_plane(Mode.NFTABLES, TextShell({})), NftablesDataPlane)


@pytest.mark.parametrize(("mode", "traverses"), [(Mode.IPTABLES, True), (Mode.IPVS, False), (Mode.NFTABLES, False)])
def test_a_mode_traverses_a_rule_per_service_or_looks_service_addresses_up(mode, traverses):
    assert DATA_PLANES[mode].traverses_rules is traverses


class OldKernelsShell:
    """The shell of a node whose kernel has ip_vs and lacks nf_tables."""

    def run(self, node, *argv, timeout_s=60.0):
        if argv[0] == "nft":
            raise failing("nft", "Error: Could not process rule: Operation not supported")
        return ""


NODE = Node("worker", Role.WORKER, "172.18.0.3")


@pytest.mark.parametrize(
    ("mode", "other"),
    [(Mode.IPTABLES, Mode.NFTABLES), (Mode.NFTABLES, Mode.IPTABLES), (Mode.IPVS, Mode.NFTABLES)],
)
def test_kube_proxy_is_switched_to_the_mode_that_kubernetes_recommends_first(mode, other):
    shell = TextShell({"nft --check add table ip kubeproof": "", "ipvsadm -Ln": ""})
    assert mode_to_switch_to(mode, shell, NODE) is other


@pytest.mark.parametrize(("mode", "other"), [(Mode.IPTABLES, Mode.IPVS), (Mode.IPVS, Mode.IPTABLES)])
def test_on_a_kernel_without_nf_tables_kube_proxy_is_switched_to_another_mode(mode, other):
    assert mode_to_switch_to(mode, OldKernelsShell(), NODE) is other
