from dataclasses import replace

import pytest

from clusters.cluster import Node, Role
from harness.errors import DeadlinePassed
from harness.kube.client import Kube
from harness.kube.nodes.changes import NodeChanger, nodes_of, spare_worker
from harness.kube.nodes.scheduler import SchedulerObserver
from harness.kube.nodes.shell import NodeServices, StaticPods
from harness.kube.wait import Waits
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.apiserver import FakeApiServer, serving
from tests.fakes.cluster.shell import RecordingNodeShell

WORKER = Node("worker", Role.WORKER, "172.18.0.3")
CONFIG = "staticPodPath: /etc/kubernetes/manifests\n"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "static"}}
OBSERVER_POD = "scheduler-observer-7"


class RecordingScheduler:
    """A `SchedulerView` that records the nodes of `wait_node_received`."""

    def __init__(self):
        self.known = []

    def wait_node_received(self, node):
        self.known.append(node)


def node(*taints):
    return {"metadata": {"name": "worker", "resourceVersion": "7"}, "spec": {"taints": list(taints)}}


def changes(api):
    return [
        (asked.split()[1].rpartition("/")[2], body) for asked, body in zip(api.asked, api.bodies, strict=True) if body
    ]


def test_changes_are_undone_in_reverse_order(tmp_path):
    api = FakeApiServer({"PATCH /api/v1/nodes/worker": node()})
    with serving(api, tmp_path) as cluster, NodeChanger(Kube(cluster), RecordingScheduler()) as changer:
        changer.label("worker", "disk", "ssd")
        changer.cordon("worker")
    assert [body for _, body in changes(api)] == [
        {"metadata": {"labels": {"disk": "ssd"}}},
        {"spec": {"unschedulable": True}},
        {"spec": {"unschedulable": None}},
        {"metadata": {"labels": {"disk": None}}},
    ]


def test_a_taint_keeps_other_taints_and_fails_on_a_concurrent_change(tmp_path):
    theirs = {"key": "theirs", "effect": "NoSchedule"}
    ours = {"key": "ours", "value": "", "effect": "NoExecute"}
    api = FakeApiServer({"GET /api/v1/nodes/worker": node(theirs), "PATCH /api/v1/nodes/worker": node()})
    with serving(api, tmp_path) as cluster, NodeChanger(Kube(cluster), RecordingScheduler()) as changer:
        changer.taint("worker", "ours", "NoExecute")
    assert [body["spec"]["taints"] for _, body in changes(api)] == [[theirs, ours], [theirs]]
    assert all(body["metadata"]["resourceVersion"] == "7" for _, body in changes(api))


def test_changes_that_keep_pods_off_a_node_wait_for_the_scheduler(tmp_path):
    scheduler = RecordingScheduler()
    api = FakeApiServer({"GET /api/v1/nodes/worker": node(), "PATCH /api/v1/nodes/worker": node()})
    with serving(api, tmp_path) as cluster, NodeChanger(Kube(cluster), scheduler) as changer:
        changer.label("worker", "disk", "ssd")
        assert scheduler.known == []
        for number, change in enumerate(
            (
                lambda: changer.remove_label("worker", "disk"),
                lambda: changer.taint("worker", "ours", "NoSchedule"),
                lambda: changer.cordon("worker"),
            )
        ):
            change()
            assert scheduler.known == ["worker"] * (number + 1)
    assert len(scheduler.known) == 3


def test_the_scheduler_observer_creates_a_pod_that_needs_the_latest_label(tmp_path):
    pods = "/api/v1/namespaces/a/pods"
    api = FakeApiServer(
        {
            "GET /api/v1/nodes/worker": node(),
            "PATCH /api/v1/nodes/worker": node(),
            f"POST {pods}": {},
            f"GET {pods}/{OBSERVER_POD}": {
                "metadata": {"name": OBSERVER_POD},
                "spec": {"nodeName": "worker"},
                "status": {},
            },
            f"DELETE {pods}/{OBSERVER_POD}": {},
        }
    )
    with serving(api, tmp_path) as cluster:
        kube = Kube(cluster)
        SchedulerObserver(kube, Waits(kube, JumpingClock()), "a").wait_node_received("worker")
    marked, pod, unmarked = (body for body in api.bodies if body)
    assert pod["spec"]["nodeSelector"] == marked["metadata"]["labels"]
    assert pod["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert unmarked["metadata"]["labels"] == {"known.kubeproof.io/a": None}
    assert f"DELETE {pods}/{OBSERVER_POD}" in api.asked


def test_the_scheduler_observer_removes_its_label_even_if_its_pod_is_never_bound(tmp_path):
    pods = "/api/v1/namespaces/a/pods"
    waiting = {"metadata": {"name": OBSERVER_POD}, "spec": {}, "status": {"phase": "Pending"}}
    api = FakeApiServer(
        {
            "GET /api/v1/nodes/worker": node(),
            "PATCH /api/v1/nodes/worker": node(),
            f"POST {pods}": {},
            f"GET {pods}/{OBSERVER_POD}": waiting,
        }
    )
    with serving(api, tmp_path) as cluster:
        kube = Kube(cluster)
        observer = SchedulerObserver(kube, Waits(kube, JumpingClock()), "a")
        with pytest.raises(DeadlinePassed, match="bound to worker by its latest label"):
            observer.wait_node_received("worker")
    assert api.bodies[-1] == {"metadata": {"labels": {"known.kubeproof.io/a": None}}}


def test_pods_are_counted_by_node():
    pods = [{"spec": {"nodeName": name}} for name in ("worker", "worker2", "worker")]
    assert nodes_of(pods) == {"worker": 2, "worker2": 1}


def test_the_spare_worker_has_the_fewest_movable_pods(tmp_path):
    def pod(name, owner):
        return {"metadata": {"ownerReferences": [{"kind": owner}]}, "spec": {"nodeName": name}}

    pods = [pod("worker", "ReplicaSet"), pod("worker2", "DaemonSet"), pod("worker2", "DaemonSet")]
    api = FakeApiServer({"GET /api/v1/namespaces/kube-system/pods": {"items": pods}})
    workers = (WORKER, Node("worker2", Role.WORKER, "172.18.0.4"))
    with serving(api, tmp_path) as cluster:
        assert spare_worker(Kube(replace(cluster, nodes=workers))).name == "worker2"


def test_a_stopped_service_is_started_again():
    shell = RecordingNodeShell()
    with NodeServices(shell).stopped(WORKER, "kubelet"):
        assert shell.ran[-1] == ("systemctl", "stop", "kubelet")
    assert shell.ran[-1] == ("systemctl", "start", "kubelet")


def test_a_static_pod_is_written_atomically_and_removed_at_the_end():
    shell = RecordingNodeShell({"cat /var/lib/kubelet/config.yaml": CONFIG})
    with StaticPods(shell, lambda file, **words: (POD,), "case-1") as pods:
        pods.put(WORKER, "static.yaml", name="static")
        assert shell.ran[-1][-1].endswith(
            "> /etc/kubernetes/manifests/.case-1_static.yaml"
            " && mv /etc/kubernetes/manifests/.case-1_static.yaml /etc/kubernetes/manifests/case-1_static.yaml"
        )
    assert shell.ran[-1] == ("rm", "-f", "/etc/kubernetes/manifests/case-1_static.yaml")


def test_static_pods_of_two_cases_may_have_the_same_name():
    shell = RecordingNodeShell({"cat /var/lib/kubelet/config.yaml": CONFIG})
    files = []
    for namespace in ("case-1", "case-2"):
        StaticPods(shell, lambda file, **words: (POD,), namespace).remove(WORKER, "static")
        files.append(shell.ran[-1][-1])
    assert len(set(files)) == 2


def test_only_running_containers_of_the_cases_pod_are_returned():
    tasks = "TASK PID STATUS\naaa 10 RUNNING\nbbb 11 STOPPED\nccc 12 RUNNING\n"
    shell = RecordingNodeShell({"containers list": "aaa\nbbb\n", "tasks list": tasks})
    pods = StaticPods(shell, lambda file, **words: (), "case-1")
    assert pods.running_containers(WORKER, "static-worker") == ("aaa",)
    (listing, _) = shell.ran
    assert 'labels."io.kubernetes.pod.namespace"==case-1,' in listing[-1]
