"""Where cases about ipvs run, and where not."""

from dataclasses import replace

import pytest

from clusters.cluster import Cluster
from clusters.errors import CommandFailed, WorldError
from clusters.spec import Mode
from harness.dataplane.ipvs import IpvsDataPlane
from harness.proxyfixtures import ipvs_dataplane
from tests.fakes.owned import fake_cluster
from tests.fakes.shell import RecordingNodeShell

NO_IPVS = "neither /proc/net/ip_vs nor a module to load: modprobe: FATAL: Module ip_vs not found"


class Kernels(RecordingNodeShell):
    """Nodes on which ipvsadm fails, by what the script that asks the kernel prints."""

    def __init__(self, kernel):
        super().__init__()
        self._kernel = kernel

    def run(self, node, *argv, timeout_s=60.0):
        if argv[0] == "ipvsadm":
            raise CommandFailed(argv, 127, "", 'exec: "ipvsadm": executable file not found in $PATH')
        return self._kernel


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
    (found,) = in_ipvs_mode(replace(fake_cluster(), mode=Mode.IPVS), Kernels(NO_IPVS), proxies)
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
    with pytest.raises(pytest.skip.Exception, match=rf"the kernel of node [\w-]+ has no ip_vs: {NO_IPVS}"):
        list(in_ipvs_mode(replace(fake_cluster(), mode=Mode.IPTABLES), Kernels(NO_IPVS), proxies))
    assert not proxies.modes


def test_nodes_that_merely_lack_ipvsadm_skip_nothing():
    proxies = Proxies()
    with pytest.raises(WorldError, match=r"has ip_vs in its kernel .* but no ipvsadm"):
        list(in_ipvs_mode(replace(fake_cluster(), mode=Mode.IPTABLES), Kernels("no ipvsadm\nloaded\n"), proxies))
    assert not proxies.modes


def test_kube_proxies_of_somebody_elses_cluster_stay_in_their_mode():
    proxies = Proxies()
    cluster = replace(fake_cluster(), mode=Mode.IPTABLES, owned=False)
    with pytest.raises(pytest.skip.Exception, match="is not ours"):
        list(in_ipvs_mode(cluster, RecordingNodeShell({"ipvsadm": ""}), proxies))
    assert not proxies.modes
