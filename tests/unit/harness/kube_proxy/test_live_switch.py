"""A live switch in a user-mode Linux: the process of kube-proxy is replaced, its pod and its kernel stay."""

import json
from dataclasses import dataclass, field, replace

import pytest
import yaml

from clusters.cluster import Node, Role
from clusters.errors import CommandFailed
from clusters.spec import Mode, Substrate
from harness.kube.client import Kube
from harness.kube_proxy.live_switch import LiveSwitch, read_kernel
from harness.kube_proxy.proxies import Proxies
from reports.model.findings import KernelContents
from tests.fakes.cluster.apiserver import STDOUT, FakeApiServer, exits, serving

WORKER = Node("worker", Role.WORKER, "172.18.0.3")
CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/kube-proxy"
PODS = "/api/v1/namespaces/kube-system/pods"
SYNCED = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 1.7e+09\n'
NFT_TABLE = {"nftables": [{"rule": {"chain": "services", "expr": []}}]}


@dataclass
class Guest:
    """A node whose kube-proxy runs in a guest: it reads its configuration when its process starts."""

    config: str = "mode: ipvs\n"
    running: str = "mode: ipvs\n"
    process: int = 40
    pods: int = 1
    ran: list[str] = field(default_factory=list)

    def get(self, asked, default=None):
        """Answer a request to the API server."""
        match asked.split():
            case ["GET", path] if path == PODS:
                name, ready = f"kube-proxy-{self.pods}", {"conditions": [{"type": "Ready", "status": "True"}]}
                labels = {"k8s-app": "kube-proxy"}
                return {"items": [{"metadata": {"name": name, "uid": name, "labels": labels}, "status": ready}]}
            case ["GET", path] if path == CONFIG_MAP:
                return {"data": {"config.conf": self.config}}
            case ["PATCH", _]:
                self.config = self.api.bodies[-1]["data"]["config.conf"]
            case ["DELETE", _]:
                self.pods += 1
                self.running = self.config
        return {}

    def run(self, node, *argv, timeout_s=60.0):
        """Run a command in the guest."""
        self.ran.append(" ".join(argv))
        match argv:
            case ["pgrep", *_]:
                return f"{self.process}\n"
            case ["pkill", "-TERM", *_]:
                self.process += 1
                self.running = self.config
            case [*_, url] if url.endswith("/configz"):
                return json.dumps({"kubeproxy.config.k8s.io": yaml.safe_load(self.running)})
            case [*_, url] if url.endswith("/metrics"):
                return SYNCED
            case ["nft", "--json", *_]:
                return json.dumps({"nftables": []})
        return ""


@pytest.fixture
def guest():
    return Guest()


@pytest.fixture
def live(guest, tmp_path):
    def program(execution):
        execution.say(STDOUT, guest.config)
        execution.end(exits(0))

    guest.api = FakeApiServer({}, program)
    guest.api.answers = guest
    with serving(guest.api, tmp_path) as cluster:
        kube = Kube(replace(cluster, substrate=Substrate.UML))
        yield LiveSwitch(kube, guest, Proxies(kube, guest))


def test_the_process_in_the_guest_is_replaced_and_the_pod_stays(guest, live):
    with live.on(WORKER) as switch:
        switch(Mode.NFTABLES)
        assert yaml.safe_load(guest.running) == {"mode": "nftables"}
        assert (guest.process, guest.pods) == (41, 1)


def test_in_the_end_configuration_and_kernel_are_those_of_before(guest, live):
    with live.on(WORKER) as switch:
        switch(Mode.NFTABLES)
    assert yaml.safe_load(guest.running) == yaml.safe_load(guest.config) == {"mode": "ipvs"}
    assert guest.pods == 2, "a new pod brings a new kernel"


def test_kube_proxy_cleans_up_while_it_is_paused(guest, live):
    assert len(live.clean_up(WORKER, times=2)) == 2
    steps = [line for line in guest.ran if "kube-proxy" in line and "nft" not in line]
    clean_up = "kube-proxy --cleanup"
    assert steps == ["pkill -STOP -x kube-proxy", clean_up, clean_up, "pkill -CONT -x kube-proxy"]


class Kernel:
    """A kernel with the rules of every mode, or without nf_tables."""

    def __init__(self, *, nftables=True):
        self._nftables = nftables

    def run(self, node, *argv, timeout_s=60.0):
        if argv[0] == "nft" and not self._nftables:
            raise CommandFailed(argv, 1, "", "Error: Operation not supported")
        return {
            "nft": json.dumps(NFT_TABLE),
            "iptables-save": "*nat\n-A KUBE-SERVICES -j KUBE-A\n-A OTHER -j ACCEPT\n-A INPUT -j KUBE-FIREWALL\n",
            "ipvsadm": "TCP  10.96.0.1:443 rr\n  -> 172.18.0.2:6443 Masq 1 0 0\n",
            "cat": "kube-ipvs0: 0 0\n",
        }[argv[0]]


def test_the_contents_of_a_kernel_are_counted_for_every_mode_without_the_kubelets():
    assert read_kernel(Kernel(), WORKER) == KernelContents(
        iptables_rules=1, nftables_rules=1, virtual_servers=1, ipvs_device=True
    )


def test_a_kernel_without_nf_tables_has_no_rules_of_nftables():
    assert read_kernel(Kernel(nftables=False), WORKER).nftables_rules == 0
