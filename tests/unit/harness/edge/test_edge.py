from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from clusters.addons.metallb import ADDRESSES_ANNOTATION, LB_CLASS, Pools
from clusters.cluster import Node, Role
from harness.edge.balancer import LoadBalancer
from harness.edge.haproxy import configuration, up_servers
from harness.kube.client import Kube
from harness.kube.install import install
from harness.kube.nodes.shell import CONNECTED, CUT, NodeUplinks
from harness.kube.wait import Waits
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.fakes.cluster.shell import RecordingNodeShell

WORKER = Node("worker", Role.WORKER, "172.18.0.3")
POOLS = Pools.of(IPv4Network("172.18.0.0/16"))
WEB = "/api/v1/namespaces/case/services/web"
STATE = """9B5
# pxname,svname,qcur,status,weight
outside,FRONTEND,0,OPEN,
nodes,control-plane,0,DOWN,1
nodes,worker,0,UP,1
nodes,worker2,0,UP 1/2,1
nodes,BACKEND,0,UP,2
state,FRONTEND,0,OPEN,

0
"""


def test_only_servers_that_are_up_are_returned():
    assert up_servers(STATE) == {"worker", "worker2"}


def test_an_empty_page_has_no_servers():
    assert up_servers("") == frozenset()


def test_haproxy_uses_the_node_port_and_checks_the_health_port():
    text = configuration([WORKER], 30080, 31000)
    assert "server worker 172.18.0.3:30080" in text
    assert "check port 31000" in text


def test_a_node_is_connected_again_even_after_an_error():
    shell = RecordingNodeShell()
    try:
        with NodeUplinks(shell).cut(WORKER):
            raise RuntimeError
    except RuntimeError:
        pass
    assert [argv[1] for argv in shell.ran] == [CUT, CONNECTED]


@dataclass(frozen=True)
class Web:
    namespace: str = "case"
    name: str = "web"


@dataclass(frozen=True)
class Neighbours:
    """An outside client whose neighbour table has one link-layer address."""

    link_layer_address: str | None

    def neighbour(self, address):
        return self.link_layer_address


def test_an_exposed_service_gets_the_class_and_the_address_in_its_status(tmp_path):
    service = {"status": {"loadBalancer": {"ingress": [{"ip": "172.18.255.128"}]}}}
    api = FakeApiServer({f"PATCH {WEB}": service, f"GET {WEB}": service})
    with serving(api, tmp_path) as cluster:
        balancer = LoadBalancer(Kube(cluster), RecordingNodeShell(), POOLS)
        assert balancer.expose(Web(), "172.18.255.128", externalTrafficPolicy="Local") == "172.18.255.128"
    assert api.bodies[0] == {
        "metadata": {"annotations": {ADDRESSES_ANNOTATION: "172.18.255.128"}},
        "spec": {"type": "LoadBalancer", "loadBalancerClass": LB_CLASS, "externalTrafficPolicy": "Local"},
    }


def test_the_announcing_node_is_found_by_its_link_layer_address(tmp_path):
    shell = RecordingNodeShell({"/sys/class/net/eth0/address": "02:42:ac:12:00:03\n"})
    with serving(FakeApiServer({}), tmp_path) as cluster:
        balancer = LoadBalancer(Kube(replace(cluster, nodes=(WORKER,))), shell, POOLS)
        assert balancer.announcer(Neighbours("02:42:ac:12:00:03"), "172.18.255.64") == WORKER
        assert balancer.announcer(Neighbours("02:42:ac:12:00:09"), "172.18.255.64") is None
        assert balancer.announcer(Neighbours(None), "172.18.255.64") is None


def test_the_manifests_of_an_add_on_are_applied_and_waited_for_in_order(tmp_path):
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "pools.example.io"},
    }
    daemons = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "speaker", "namespace": "balancer", "generation": 1},
        "status": {
            "observedGeneration": 1,
            "desiredNumberScheduled": 1,
            "updatedNumberScheduled": 1,
            "numberReady": 1,
        },
    }
    served = {**definition, "status": {"conditions": [{"type": "Established", "status": "True"}]}}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pools.example.io"
    speaker = "/apis/apps/v1/namespaces/balancer/daemonsets/speaker"
    api = FakeApiServer(
        {
            f"PATCH {path}": served,
            f"GET {path}": served,
            f"PATCH {speaker}": daemons,
            f"GET {speaker}": daemons,
        }
    )
    with serving(api, tmp_path) as cluster:
        kube = Kube(cluster)
        install(kube, Waits(kube), (definition, daemons))
    assert [asked.partition("?")[0] for asked in api.asked] == [
        f"PATCH {path}",
        f"GET {path}",
        f"PATCH {speaker}",
        f"GET {speaker}",
    ]
