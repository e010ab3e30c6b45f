import pytest

from clusters.errors import ClusterUnreachable
from harness.errors import BecameImpossible, DeadlinePassed
from harness.kube.client import Kube
from harness.kube.observe import observe_within
from harness.kube.wait import Waits
from tests.fakes.clock import JumpingClock
from tests.fakes.cluster.apiserver import FakeApiServer, cluster_at, serving

PODS = "GET /api/v1/namespaces/a/pods"


def observe(sample, met, **more):
    return observe_within("three", sample, met, within_s=2, clock=JumpingClock(), **more)


def test_a_condition_that_is_met_ends_the_observation():
    samples = iter([1, 2, 3])
    seen = observe(lambda: next(samples), lambda n: n == 3)
    assert (seen.met, seen.seen) == (True, 3)
    assert seen.require() == 3


def test_a_time_out_is_an_observation_until_the_condition_is_required():
    seen = observe(lambda: 7, lambda n: n == 3, interval_s=0.5, describe=lambda n: f"only {n}")
    assert (seen.met, seen.seen, seen.waited_s) == (False, 7, 2.0)
    with pytest.raises(DeadlinePassed, match=r"three: not in time after 2\.0 s; last seen: only 7"):
        seen.require()


def test_an_impossible_condition_is_not_an_observation():
    with pytest.raises(BecameImpossible, match=r"three: became impossible.*no image"):
        observe(lambda: 7, lambda n: False, why_impossible=lambda n: "no image")


def test_the_pause_is_a_multiple_of_the_time_that_the_last_sample_took():
    clock, started_s = JumpingClock(), []

    def sample():
        started_s.append(clock.now_s)
        clock.sleep(1)
        return len(started_s) == 3

    assert observe_within("sampled", sample, bool, within_s=60, pause_ratio=4, clock=clock).waited_s == 11
    assert started_s == [0, 5, 10]


def test_an_unreachable_api_server_is_not_an_observation(tmp_path):
    waits = Waits(Kube(cluster_at("http://127.0.0.1:1", tmp_path)), JumpingClock())
    with pytest.raises(ClusterUnreachable):
        waits.observe_pod("a", "web", "Ready", lambda pod: True)


def observing(tmp_path, answers, observation):
    with serving(FakeApiServer(answers), tmp_path) as cluster:
        return observation(Waits(Kube(cluster), JumpingClock()))


def test_a_missing_pod_is_an_observation(tmp_path):
    seen = observing(tmp_path, {}, lambda waits: waits.observe_pod("a", "web", "Ready", lambda pod: True))
    assert (seen.met, seen.seen) == (False, None)
    with pytest.raises(DeadlinePassed, match=r"pod a/web of cluster kubeproof-fake Ready: not in time.*no pod"):
        seen.require()


def test_too_few_pods_are_an_observation(tmp_path):
    ready = [{"type": "Ready", "status": "True"}]
    pods = [{"metadata": {"name": name}, "status": {"conditions": ready}} for name in ("web-b", "web-a")]
    seen = observing(tmp_path, {PODS: {"items": pods}}, lambda waits: waits.observe_pods_ready("a", "app=web", 3))
    assert (seen.met, [pod["metadata"]["name"] for pod in seen.seen]) == (False, ["web-a", "web-b"])
