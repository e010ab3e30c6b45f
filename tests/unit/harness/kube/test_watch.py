import pytest

from clusters.errors import WorldError
from harness.kube.client import Kube
from harness.kube.wait import wait_until
from harness.kube.watch import WatchRecorder
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.apiserver import FakeApiServer, serving

PODS, SETS = "GET /api/v1/namespaces/a/pods", "GET /apis/apps/v1/namespaces/a/replicasets"
LIST = {"metadata": {"resourceVersion": "10"}, "items": []}


def event(kind, name, version, **more):
    return {"type": kind, "object": {"metadata": {"name": name, "resourceVersion": version}, **more}}


@pytest.fixture
def recorded(tmp_path):
    """Return a function that records these answers and returns the recorder and the requests to the API server."""

    def record(answers, *kinds):
        api = FakeApiServer(answers)
        with serving(api, tmp_path) as cluster, WatchRecorder(Kube(cluster), "a", *kinds) as recorder:
            pass
        return recorder, api.asked

    return record


def test_changes_are_recorded_in_the_order_of_their_arrival(recorded):
    changes = [event("ADDED", "web-1", "11"), event("MODIFIED", "web-1", "12", status={"phase": "Running"})]
    recorder, _ = recorded({PODS: LIST, f"{PODS}?watch": [changes]}, "pods")
    assert [(seen.type, seen.name) for seen in recorder.events()] == [("ADDED", "web-1"), ("MODIFIED", "web-1")]
    assert recorder.events()[1].object["status"] == {"phase": "Running"}
    assert recorder.events()[0].at_s <= recorder.events()[1].at_s


def test_events_can_be_selected_by_kind(recorded):
    answers = {PODS: LIST, SETS: LIST, f"{PODS}?watch": [[event("ADDED", "web-1", "11")]]}
    answers |= {f"{SETS}?watch": [[event("ADDED", "web", "12")]]}
    recorder, _ = recorded(answers, "pods", "replicasets")
    assert [seen.name for seen in recorder.events("pods")] == ["web-1"]
    assert [seen.name for seen in recorder.events("replicasets")] == ["web"]
    assert len(recorder.events()) == 2


def test_recording_begins_at_the_version_of_the_list(recorded):
    _, asked = recorded({PODS: LIST, f"{PODS}?watch": []}, "pods")
    assert "resourceVersion=10" in asked[1]


def test_a_watch_resumes_from_the_last_event_or_bookmark(tmp_path):
    watches = [[event("ADDED", "web-1", "11"), event("BOOKMARK", "", "15")], [event("DELETED", "web-1", "16")]]
    api = FakeApiServer({PODS: LIST, f"{PODS}?watch": watches})
    with serving(api, tmp_path) as cluster, WatchRecorder(Kube(cluster), "a", "pods") as recorder:
        wait_until("both events", recorder.events, lambda seen: len(seen) == 2, deadline_s=30)
    assert [seen.type for seen in recorder.events()] == ["ADDED", "DELETED"]
    assert "resourceVersion=15" in api.asked[2]


def test_a_watch_lasts_long_enough_for_a_bookmark_every_20_seconds(tmp_path):
    api, clock = FakeApiServer({PODS: LIST, f"{PODS}?watch": []}), JumpingClock()

    def spans():
        return [asked.partition("timeoutSeconds=")[2][0] for asked in api.asked[1:]]

    with serving(api, tmp_path) as cluster, WatchRecorder(Kube(cluster), "a", "pods", clock=clock):
        wait_until("a short watch", spans, lambda seen: "1" in seen, deadline_s=30)
        assert "3" not in spans()
        clock.sleep(20.0)
        wait_until("a long watch", spans, lambda seen: "3" in seen, deadline_s=30)
    assert spans().count("3") == 1


def test_a_failed_watch_is_reported_as_a_gap(recorded):
    expired = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version: 10"}}
    recorder, _ = recorded({PODS: LIST, f"{PODS}?watch": [[expired]]}, "pods")
    with pytest.raises(WorldError, match=r"has a gap: .*too old resource version"):
        recorder.events()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"type": "ADDED", "object": {"meta', r"not JSON: .*\{\"meta"),
        ("upstream request timeout", "not JSON: .*upstream request timeout"),
        ({"kind": "Status", "code": 500}, "no watch event: .*Status"),
        (["ADDED"], "no watch event: .*ADDED"),
        ({"type": "MODIFIED", "object": {"kind": "Status", "code": 500}}, "no watch event: .*Status"),
        ({"type": "MODIFIED", "object": {"metadata": {"resourceVersion": "11"}}}, "no watch event: .*MODIFIED"),
        (
            {"type": "RENAMED", "object": {"metadata": {"name": "a", "resourceVersion": "1"}}},
            "no watch event: .*RENAMED",
        ),
        ({"type": "ADDED", "object": None}, "no watch event: .*ADDED"),
        ({"type": "BOOKMARK", "object": {"metadata": {}}}, "no watch event: .*BOOKMARK"),
        ({"type": "ERROR", "object": None}, "no watch event: .*ERROR"),
    ],
    ids=[
        "a line cut off",
        "text",
        "a status",
        "a list",
        "an object without metadata",
        "an object without a name",
        "an unknown type",
        "no object",
        "a bookmark without a version",
        "an error without an object",
    ],
)
def test_a_line_that_is_no_event_is_reported_as_a_gap(recorded, line, reason):
    changes = [event("ADDED", "web-1", "11"), line, event("ADDED", "web-2", "12")]
    recorder, _ = recorded({PODS: LIST, f"{PODS}?watch": [changes]}, "pods")
    with pytest.raises(WorldError, match=rf"the record of pods of cluster kubeproof-fake has a gap: .*{reason}"):
        recorder.events()


def test_a_gap_shows_in_the_states(recorded):
    recorder, _ = recorded({PODS: LIST, f"{PODS}?watch": [["no event"]]}, "pods")
    with pytest.raises(WorldError, match="has a gap"):
        list(recorder.states("pods"))


def test_states_are_the_objects_after_each_event(recorded):
    first = {"metadata": {"resourceVersion": "10"}, "items": [{"metadata": {"name": "old", "resourceVersion": "3"}}]}
    changes = [event("ADDED", "new", "11"), event("DELETED", "old", "12")]
    recorder, _ = recorded({PODS: first, f"{PODS}?watch": [changes]}, "pods")
    assert [sorted(objects) for objects in recorder.states("pods")] == [["old"], ["new", "old"], ["new"]]
