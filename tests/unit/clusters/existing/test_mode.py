"""Tests of reading an existing cluster's proxy mode: as configured, and as reported by every kube-proxy."""

import pytest

from clusters.errors import ClusterNotReady
from clusters.existing.effectivemode import read_effective_mode
from clusters.spec import Mode
from tests.fakes.cluster.api import NODES, FakeApi

USING_IPVS = 'I1124 03:15:01 1 server_linux.go:191] "Using ipvs Proxier"\n'


def test_the_mode_is_read_from_every_kube_proxy():
    effective = read_effective_mode("c", FakeApi())
    assert effective.mode is Mode.IPTABLES
    assert effective.evidence == "reported by /proxyMode, on 3 nodes"


def test_the_mode_is_read_from_the_log_if_port_forwards_are_refused():
    api = FakeApi(config="mode: ipvs", modes={}, logs=dict.fromkeys(NODES, USING_IPVS))
    effective = read_effective_mode("c", api)
    assert (effective.mode, effective.evidence) == (Mode.IPVS, "read in the log, on 3 nodes")


def test_a_kube_proxy_that_does_not_report_its_mode_is_an_error():
    with pytest.raises(ClusterNotReady, match=r"does not report its mode.*port-forward refused"):
        read_effective_mode("c", FakeApi(config="mode: ipvs", modes={}))


def test_a_configuration_that_differs_from_the_effective_mode_is_an_error():
    with pytest.raises(ClusterNotReady, match="configured for nftables but runs in mode iptables"):
        read_effective_mode("c", FakeApi(config="mode: nftables"))


def test_the_error_about_different_modes_names_all_nodes():
    modes = {"control-plane": "ipvs", "worker": "nftables", "worker2": "ipvs"}
    with pytest.raises(ClusterNotReady, match="control-plane: ipvs, worker: nftables, worker2: ipvs"):
        read_effective_mode("c", FakeApi(config="mode: ipvs", modes=modes))


def test_the_reported_mode_is_used_if_the_configuration_has_none():
    assert read_effective_mode("c", FakeApi(config="mode: ''")).mode is Mode.IPTABLES
    assert read_effective_mode("c", FakeApi(config=None)).mode is Mode.IPTABLES


def test_a_cluster_without_kube_proxy_is_an_error():
    with pytest.raises(ClusterNotReady, match="runs no kube-proxy pods"):
        read_effective_mode("c", FakeApi(proxies=()))


@pytest.mark.parametrize(
    ("address", "port"), [("''", 10249), ("0.0.0.0:10555", 10555), ("127.0.0.1", 10249), ("'[::1]:10300'", 10300)]
)
def test_the_configured_metrics_port_is_used(address, port):
    api = FakeApi(config=f"mode: iptables\nmetricsBindAddress: {address}")
    read_effective_mode("c", api)
    assert set(api.ports) == {port}
