import pytest

from clusters.spec import Mode, Substrate
from harness.dataplane.modes import DATA_PLANES, TO_SWITCH_TO, mode_to_switch_to, open_data_plane
from harness.dataplane.nftables import NftablesDataPlane
from tests.fakes.cluster.shell import TextShell


def test_every_mode_has_a_data_plane():
    assert set(DATA_PLANES) == set(Mode)


def test_every_mode_can_be_switched_to():
    assert set(TO_SWITCH_TO) == set(Mode)


def test_the_reader_is_that_of_the_mode():
    assert isinstance(open_data_plane(Mode.NFTABLES, TextShell({})), NftablesDataPlane)


@pytest.mark.parametrize(("mode", "traverses"), [(Mode.IPTABLES, True), (Mode.IPVS, False), (Mode.NFTABLES, False)])
def test_a_mode_traverses_a_rule_per_service_or_looks_service_addresses_up(mode, traverses):
    assert DATA_PLANES[mode].traverses_rules is traverses


@pytest.mark.parametrize(
    ("substrate", "mode", "other"),
    [
        (Substrate.HOST, Mode.IPTABLES, Mode.NFTABLES),
        (Substrate.HOST, Mode.NFTABLES, Mode.IPTABLES),
        (Substrate.HOST, Mode.IPVS, Mode.NFTABLES),
        (Substrate.UML, Mode.IPTABLES, Mode.IPVS),
        (Substrate.UML, Mode.IPVS, Mode.IPTABLES),
    ],
)
def test_kube_proxy_is_switched_to_another_mode_that_the_substrate_runs(substrate, mode, other):
    assert mode_to_switch_to(mode, substrate) is other
