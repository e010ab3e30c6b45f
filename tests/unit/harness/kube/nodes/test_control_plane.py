"""Tests of the order in which a control plane component is stopped and started."""

from dataclasses import replace
from itertools import count

import pytest

from clusters.errors import CommandFailed
from harness.kube.client import Kube
from harness.kube.nodes.control_plane import ControlPlane
from tests.fakes.cluster.apiserver import FakeApiServer, serving

LEASES = "GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


class RenewedLeases(dict):
    """Answers in which a lease is renewed with every request."""

    ticks = count(10)

    def get(self, key, default=None):
        if key.startswith(LEASES):
            return {"spec": {"renewTime": f"2026-01-01T00:00:{next(self.ticks)}Z"}}
        return super().get(key, default)


class ControlPlaneNode:
    """A node whose component runs while its manifest is in the kubelet's folder."""

    def __init__(self):
        self.runs, self.moves = True, []

    def run(self, node, *argv):
        command = " ".join(argv)
        if argv[0] == "cat":
            return "staticPodPath: /manifests\n"
        if argv[0] == "pidof":
            if not self.runs:
                raise CommandFailed(argv, 1, "", "")
            return "7"
        self.runs = "|| mv" in command
        self.moves.append(command)
        return ""


def fail_if_stopped(node):
    assert node.runs, "the component is stopped, which fails the case"


def test_a_stopped_component_is_started_again_even_if_the_case_fails(tmp_path):
    api = FakeApiServer({})
    api.answers = RenewedLeases({"GET /readyz": "ok"})
    node = ControlPlaneNode()
    with serving(api, tmp_path) as cluster:
        plane = ControlPlane(Kube(cluster), node)
        with pytest.raises(AssertionError), plane.stopped("kube-scheduler"):
            fail_if_stopped(node)
    assert node.runs
    assert "mv /manifests/kube-scheduler.yaml" in node.moves[0]
    assert sum(asked.startswith(LEASES) for asked in api.asked) >= 4, "the leases were not seen renewed afterwards"


class LingeringNode(ControlPlaneNode):
    """A node whose API server stops serving once its manifest is gone, but ends only when it is killed."""

    serves = True

    def run(self, node, *argv):
        if argv[0] not in ("mv", "pkill"):
            self.serves = self.serves or "|| mv" in " ".join(argv)
            return super().run(node, *argv)
        self.moves.append(" ".join(argv))
        self.serves, self.runs = False, argv[0] == "mv"
        return ""


class LingeringAnswers(RenewedLeases):
    """Answers of the API server of a `LingeringNode`."""

    node: LingeringNode

    def get(self, key, default=None):
        if key == "GET /readyz":
            return "ok" if self.node.serves else (503, "ending")
        return super().get(key, default)


def test_a_single_api_server_is_killed_once_it_shuts_down(tmp_path):
    api = FakeApiServer({})
    api.answers = LingeringAnswers()
    api.answers.node = node = LingeringNode()
    with serving(api, tmp_path) as cluster, ControlPlane(Kube(cluster), node).stopped("kube-apiserver"):
        assert not node.runs
    assert [move.split()[0] for move in node.moves] == ["mv", "pkill", "sh"]
    assert node.runs


def test_none_of_several_api_servers_is_killed(tmp_path):
    api = FakeApiServer({})
    api.answers = RenewedLeases({"GET /readyz": "ok"})
    node = ControlPlaneNode()
    with serving(api, tmp_path) as cluster:
        first = next(node for node in cluster.nodes if node not in cluster.workers)
        kube = Kube(replace(cluster, nodes=(*cluster.nodes, replace(first, name="second"))))
        with ControlPlane(kube, node).stopped("kube-apiserver"):
            pass
    assert not any("pkill" in move for move in node.moves)
