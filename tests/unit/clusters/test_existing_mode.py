"""Which mode an existing cluster's kube-proxy runs in: configured, and confirmed by every proxy."""

import pytest

from clusters.errors import ClusterNotReady
from clusters.existing.effectivemode import read_effective_mode
from clusters.spec import Mode
from tests.fakes.api import NODES, FakeApi

USING_IPVS = 'I1124 03:15:01 1 server_linux.go:191] "Using ipvs Proxier"\n'


def test_every_proxy_is_asked():
    effective = read_effective_mode("c", FakeApi())
    assert effective.mode is Mode.IPTABLES
    assert effective.evidence == "told by /proxyMode, on 3 nodes"


def test_the_log_speaks_where_port_forwards_are_refused():
    api = FakeApi(config="mode: ipvs", modes={}, logs=dict.fromkeys(NODES, USING_IPVS))
    effective = read_effective_mode("c", api)
    assert (effective.mode, effective.evidence) == (Mode.IPVS, "read in the log, on 3 nodes")


def test_a_proxy_that_says_nothing_is_not_believed_to_follow_its_configuration():
    with pytest.raises(ClusterNotReady, match=r"does not say its mode.*port-forward refused"):
        read_effective_mode("c", FakeApi(config="mode: ipvs", modes={}))


def test_a_configuration_that_the_proxies_have_not_read_yet():
    with pytest.raises(ClusterNotReady, match="configured for nftables but runs in mode iptables"):
        read_effective_mode("c", FakeApi(config="mode: nftables"))


def test_nodes_that_do_not_agree_are_named():
    modes = {"control-plane": "ipvs", "worker": "nftables", "worker2": "ipvs"}
    with pytest.raises(ClusterNotReady, match="control-plane: ipvs, worker: nftables, worker2: ipvs"):
        read_effective_mode("c", FakeApi(config="mode: ipvs", modes=modes))


def test_no_mode_in_the_configuration_leaves_it_to_the_proxy():
    assert read_effective_mode("c", FakeApi(config="mode: ''")).mode is Mode.IPTABLES
    assert read_effective_mode("c", FakeApi(config=None)).mode is Mode.IPTABLES


def test_a_cluster_without_kube_proxy_has_no_mode():
    with pytest.raises(ClusterNotReady, match="runs no kube-proxy pods"):
        read_effective_mode("c", FakeApi(proxies=()))


@pytest.mark.parametrize(
    ("address", "port"), [("''", 10249), ("0.0.0.0:10555", 10555), ("127.0.0.1", 10249), ("'[::1]:10300'", 10300)]
)
def test_the_port_is_the_configured_one(address, port):
    api = FakeApi(config=f"mode: iptables\nmetricsBindAddress: {address}")
    read_effective_mode("c", api)
    assert set(api.ports) == {port}
