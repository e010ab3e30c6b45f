"""Tests of the fingerprint: a fact that cannot be read is no error."""

import pytest

from clusters.cluster import Node, Role
from clusters.engine import Engine
from clusters.kind.fingerprint import UNKNOWN, fingerprint
from clusters.proxymode import PROXY_CONFIG_COMMAND
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.host.commands import failing
from tests.fakes.host.stocknodes import PERIODS, WorkingKind

SPEC = ClusterSpec(Mode.IPTABLES, "1.37.0", Source.REGISTRY)
KUBECTL = f"docker exec {SPEC.name}-control-plane kubectl --kubeconfig=/etc/kubernetes/admin.conf"

CONFIG = f"docker exec {SPEC.name}-worker {' '.join(PROXY_CONFIG_COMMAND)}"


def read(script, spec=SPEC):
    commands = WorkingKind(spec.name, str(spec.mode), "1.37.0", script)
    commands.there = True
    return fingerprint(Engine(commands), spec, (Node(f"{spec.name}-worker", Role.WORKER, "172.18.0.3"),))


def test_the_facts_of_a_working_cluster_are_read():
    log = "starting\nUsing iptables Proxier\n"
    seen = read({f"{KUBECTL} logs": log, f"docker exec {SPEC.name}-worker cat": "131072\n"})
    assert (seen["engine"], seen["proxier log line"]) == ("28.2.2", "Using iptables Proxier")
    assert (seen["minSyncPeriod"], seen["conntrack max"], seen["node image"]) == ("1s", "131072", "sha256:1")


@pytest.mark.parametrize(
    ("command", "facts"),
    [
        ("docker info", ("engine", "host kernel", "cgroup version")),
        ("docker container inspect", ("node image", "proxier log line")),
        (f"{KUBECTL} logs", ("proxier log line",)),
        (f"{KUBECTL} exec", ("iptables of kube-proxy", "nft of kube-proxy")),
        (CONFIG, ("minSyncPeriod",)),
        (f"docker exec {SPEC.name}-worker", ("processor", "conntrack max", "ipset of the node")),
    ],
)
def test_the_value_of_a_fact_that_cannot_be_read_is_the_reason(command, facts):
    seen = read({command: failing(command, "broken pipe")})
    for fact in facts:
        assert seen[fact].startswith(f"{UNKNOWN}: ")
        assert seen[fact].endswith("broken pipe")


@pytest.mark.parametrize(("mode", "period"), PERIODS)
def test_the_period_is_that_of_the_clusters_mode(mode, period):
    assert read({}, ClusterSpec(Mode(mode), "1.37.0", Source.REGISTRY))["minSyncPeriod"] == period


@pytest.mark.parametrize("config", ["", "[]", "{}", '{"kubeproxy.config.k8s.io": {}}', '{"a": {"iptables": []}}'])
def test_a_configuration_without_the_period_leaves_it_unknown(config):
    assert read({CONFIG: config})["minSyncPeriod"].startswith(f"{UNKNOWN}: ")


def test_facts_of_a_cluster_without_containers_are_unknown():
    seen = read({"docker container inspect": "[]"})
    assert seen["node image"] == UNKNOWN
    assert "has no control plane container" in seen["proxier log line"]


def test_a_director_that_answers_with_something_else_than_json_leaves_its_fact_unknown():
    spec = ClusterSpec(Mode.IPVS, "1.37.0", Source.REGISTRY, Substrate.UML)
    curl = f"docker exec --interactive {spec.name}-worker curl"
    seen = read({curl: "<html>500</html>"}, spec)
    assert seen["iptables of kube-proxy"].startswith(f"{UNKNOWN}: ")
    assert seen["iptables of kube-proxy"].endswith("is not JSON: '<html>500</html>'")
