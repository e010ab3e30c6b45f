"""Where cases about ipvs run, and where not."""

from dataclasses import replace

import pytest

from clusters.cluster import Cluster
from clusters.errors import CommandFailed
from clusters.spec import Mode
from harness.dataplane.ipvs import IpvsDataPlane
from harness.proxyfixtures import ipvs_dataplane
from tests.fakes.owned import fake_cluster
from tests.fakes.shell import RecordingNodeShell

NO_IPVS = "Can't initialize ipvs: Protocol not available"


class Kernels(RecordingNodeShell):
    """Nodes whose kernel has no ip_vs."""

    def run(self, node, *argv):
        raise CommandFailed(argv, 255, "", NO_IPVS)


class Proxies:
    """Every kube-proxy, which remembers in which modes it has run."""

    def __init__(self):
        self.modes = []

    def changing(self, nodes, setting):
        assert setting == "mode"
        return Changed(self, nodes)


class Changed:
    def __init__(self, proxies, nodes):
        self._proxies, self._names = proxies, [node.name for node in nodes]

    def __enter__(self):
        return lambda value: self._proxies.modes.append((value, self._names))

    def __exit__(self, *error):
        self._proxies.modes.append(("as before", self._names))


def in_ipvs_mode(cluster: Cluster, shell, proxies):
    """The fixture, as pytest would run it."""
    return ipvs_dataplane.__wrapped__(cluster, shell, proxies)


def test_a_cluster_in_ipvs_mode_is_left_as_it_is():
    proxies = Proxies()
    (found,) = in_ipvs_mode(replace(fake_cluster(), mode=Mode.IPVS), Kernels({}), proxies)
    assert isinstance(found, IpvsDataPlane)
    assert not proxies.modes


def test_every_kube_proxy_of_another_cluster_goes_there_and_back():
    cluster, proxies = replace(fake_cluster(), mode=Mode.IPTABLES), Proxies()
    (found,) = in_ipvs_mode(cluster, RecordingNodeShell({"ipvsadm": ""}), proxies)
    assert isinstance(found, IpvsDataPlane)
    names = [node.name for node in cluster.nodes]
    assert proxies.modes == [("ipvs", names), ("as before", names)]


def test_a_kernel_without_ip_vs_skips_the_case_with_its_own_words():
    proxies = Proxies()
    with pytest.raises(pytest.skip.Exception, match=rf"finds no ip_vs in the kernel of node [\w-]+: {NO_IPVS}"):
        list(in_ipvs_mode(replace(fake_cluster(), mode=Mode.IPTABLES), Kernels({}), proxies))
    assert not proxies.modes


def test_kube_proxies_of_somebody_elses_cluster_stay_in_their_mode():
    proxies = Proxies()
    cluster = replace(fake_cluster(), mode=Mode.IPTABLES, owned=False)
    with pytest.raises(pytest.skip.Exception, match="is not ours"):
        list(in_ipvs_mode(cluster, RecordingNodeShell({"ipvsadm": ""}), proxies))
    assert not proxies.modes
