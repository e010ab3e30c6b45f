"""Cases reach the assertion that a fault expects to fail, if their cluster behaves as it does with that fault."""

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from clusters.cluster import Node, Role
from harness.errors import DeadlinePassed
from harness.kube.watch import WatchEvent
from harness.run.claims import ClaimRecorder
from harness.traffic.requests import Reply
from reports.model import Verdict
from suites.lifecycle.test_phases import test_pods_go_through_their_phases as go_through_phases
from suites.scheduling.test_node_selection import test_a_label_that_goes_away_does_not_drive_a_pod_away as take_label
from suites.services.test_cluster_ip import test_connections_stand_in_netfilters_table as track_connections
from tests.planted.faults import FAULTS
from tests.planted.trial.expectation import REPOSITORY
from tests.planted.trial.failure import Failure

WORKERS = tuple(Node(f"worker-{number}", Role.WORKER, f"172.18.0.{number}") for number in (1, 2))


@contextmanager
def failing_as_expected(fault):
    """Check that the block fails at the one assertion that the fault expects to fail."""
    (expected,) = next(found.expect for found in FAULTS if found.name == fault)
    with pytest.raises(Exception) as ended:
        yield
    failure = Failure.of(ended.value, REPOSITORY)
    assert expected.meets(failure), f"failed: {failure}; expected to fail: {expected}"


@dataclass
class Pods:
    """Waits whose pods, by name, never change."""

    pods: dict = field(default_factory=dict)

    def wait_pod(self, namespace, name, condition, done, deadline_s=60.0):
        if not done(self.pods[name]):
            raise DeadlinePassed(f"pod {name} {condition}", str(self.pods[name]), deadline_s)
        return self.pods[name]


def test_the_conntrack_case_detects_missing_entries_despite_a_broken_connection():
    web = SimpleNamespace(cluster_ip="10.96.0.7", pods={"web-1": "10.244.0.9"})
    broken = Reply(False, "", "ConnectionResetError", 100, 1.0)
    answered = Reply(True, "web-1", "", 100, 1.0)
    client = SimpleNamespace(address="10.244.0.5", send=lambda request: (broken, answered)[: request.count])
    with failing_as_expected("connection tracking forgets every connection at once"):
        track_connections(
            SimpleNamespace(workers=WORKERS, mode="iptables"),
            lambda name: web,
            lambda name, node: client,
            SimpleNamespace(conntrack=lambda node, address: ()),
            ClaimRecorder("a case", ("2.1",)),
        )


def test_the_phases_case_detects_a_restart_under_the_never_policy():
    again = {"status": {"phase": "Running", "containerStatuses": [{"restartCount": 2}]}}
    reason = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
    nowhere = {"status": {"phase": "Pending", "conditions": [reason]}}
    pods = {"succeeds": again, "restarts": again, "one-of-two": again, "nowhere": nowhere}
    events = [
        WatchEvent(at_s, "pods", "MODIFIED", name, {"status": {"phase": phase}})
        for name in pods
        for at_s, phase in enumerate(("Pending", "Pending" if name == "nowhere" else "Running"))
    ]
    claim = ClaimRecorder("a case", ("4.1",))
    with failing_as_expected("containers are restarted whatever their policy"):
        go_through_phases(
            SimpleNamespace(exec=lambda *argv: SimpleNamespace(exit_code=0)),
            lambda file, **words: None,
            lambda kind: nullcontext(SimpleNamespace(events=lambda kind: events)),
            Pods(pods),
            "a",
            claim,
        )
    assert [found.verdict for found in claim.recorded] == [Verdict.REFUTED]


class LabelsIgnored(Pods):
    """A scheduler that ignores labels and puts every pod on the last worker, whose kubelet rejects pods by label."""

    def __init__(self):
        super().__init__()
        self.labelled = set()

    def label(self, node, key, value):
        self.labelled.add(node)

    def remove_label(self, node, key):
        self.labelled.discard(node)

    def create(self, file, *, name, **words):
        phase = "Running" if WORKERS[-1].name in self.labelled else "Failed"
        self.pods[name] = {"status": {"phase": phase, "conditions": [{"type": "PodScheduled", "status": "True"}]}}


def test_the_label_case_detects_a_scheduler_that_ignores_labels():
    cluster = LabelsIgnored()
    with failing_as_expected("the scheduler ignores nodes' labels"):
        take_label(SimpleNamespace(workers=WORKERS), cluster.create, cluster, "kubeproof.io/a", cluster, "a")
