import json

import pytest

from clusters.cluster import Node, Role
from clusters.engine import Engine
from clusters.errors import ClusterNotReady
from clusters.kind.proxy import require_effective_mode, run_by_proxy
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.commands import ScriptedCommands

NODE = Node("c-worker", Role.WORKER, "172.18.0.3")
CONTROL_PLANE = {"Name": "/c-control-plane", "Config": {"Labels": {"io.x-k8s.kind.role": "control-plane"}}}
IN_CONTROL_PLANE = "docker exec c-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf"


def commands(answer, pods="pod/kube-proxy-1\n"):
    return ScriptedCommands(
        {
            "docker ps": "id",
            "docker container inspect": json.dumps([CONTROL_PLANE]),
            "docker exec c-worker": answer,
            f"{IN_CONTROL_PLANE} get pods": pods,
            f"{IN_CONTROL_PLANE} exec --namespace=kube-system pod/kube-proxy-1 -- director run": answer,
        }
    )


def ask(asked, substrate):
    return run_by_proxy(Engine(asked), "c", substrate, NODE, ("ipvsadm", "-Ln"), 30).stdout


def test_on_the_nodes_own_kernel_programs_run_on_the_node():
    asked = commands("rules")
    assert ask(asked, Substrate.HOST) == "rules"
    assert asked.asked == [("docker", "exec", "c-worker", "ipvsadm", "-Ln")]


def test_in_user_mode_linux_programs_run_in_the_guest_of_that_node():
    asked = commands("rules")
    assert ask(asked, Substrate.UML) == "rules"
    (pods,) = asked.asked_for(f"{IN_CONTROL_PLANE} get pods")
    assert "--field-selector=spec.nodeName=c-worker" in pods


def test_a_node_without_a_proxy_is_no_node_with_an_empty_one():
    with pytest.raises(ClusterNotReady, match="node c-worker of cluster c has 0 proxy pods"):
        ask(commands("rules", pods=""), Substrate.UML)


def test_another_mode_than_asked_for_is_never_taken_for_it():
    spec = ClusterSpec(Mode.IPVS, "1.37.2", Source.BUILT)
    require_effective_mode(Engine(commands("ipvs")), spec, (NODE,))
    with pytest.raises(ClusterNotReady, match="runs in mode 'iptables', asked for was ipvs"):
        require_effective_mode(Engine(commands("iptables\n")), spec, (NODE,))
