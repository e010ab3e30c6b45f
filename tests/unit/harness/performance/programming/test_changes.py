import json
from dataclasses import replace
from urllib.parse import unquote

import pytest

from clusters.errors import Refused
from clusters.spec import Mode, Substrate
from harness.dataplane.reader import Backend
from harness.kube.client import Kube
from harness.load.plan import Target
from harness.performance.programming.changes import Change, clear, make, prepare, subjects
from harness.performance.programming.measuring import Pace, Sample, latency_ms, measure_changes, measurements, pace_at
from harness.performance.programming.probes import Probe, Probers, Seen, Want
from reports.model import ChangeSample, Conditions
from tests.fakes.cluster.apiserver import STDOUT, FakeApiServer, exits, serving
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.progress import SilentProgress

BACKEND = Backend("10.244.1.7", 8080)
LIVENESS_TARGET = Target("web", "10.96.0.9", 80)
SERVICES, SLICES = "/api/v1/namespaces/a/services", "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices"
NAME = "subject-0000"
ANSWERS = {
    f"POST {SERVICES}": {},
    f"POST {SLICES}": {},
    **{
        f"{request}/{name}": {}
        for name in (NAME, "subject-0001")
        for request in (f"PATCH {SLICES}", f"DELETE {SERVICES}", f"DELETE {SLICES}")
    },
}


def test_every_change_is_made_to_a_subject_and_nothing_is_left(tmp_path):
    api = FakeApiServer(ANSWERS)
    (subject,) = subjects("10.96.0.0/16", BACKEND, 1)
    with serving(api, tmp_path) as cluster:
        kube = Kube(cluster)
        prepare(kube, "a", subject)
        for change in Change:
            make(kube, "a", subject, change)
        clear(kube, "a", [subject])
    assert api.asked == [
        f"POST {SLICES}",
        f"POST {SERVICES}",
        f"PATCH {SLICES}/{NAME}",
        f"PATCH {SLICES}/{NAME}",
        f"DELETE {SERVICES}/{NAME}",
        f"DELETE {SLICES}/{NAME}",
    ]
    assert api.bodies[1]["spec"]["clusterIP"] == subject.address
    assert [len(body["endpoints"]) for body in api.bodies[2:4]] == [0, 1]


def test_addresses_of_subjects_differ_from_those_of_dummy_services():
    made = subjects("10.96.0.0/16", BACKEND, 250)
    assert len({subject.address for subject in made}) == 250
    assert all(subject.address.startswith("10.96.22") for subject in made)


def test_the_latency_of_a_change_ends_with_the_first_try_that_saw_it():
    assert latency_ms(100.0, Seen(100.25, 9)) == pytest.approx(250.0)
    assert latency_ms(100.0, Seen(None, 9)) is None


class FakeProber:
    """A prober that sees every change `late_s` after its moment, except those to a state in `unseen`."""

    def __init__(self, late_s=0.5, unseen=()):
        self.late_s, self.unseen, self.plans = late_s, unseen, []

    def __call__(self, run):
        plan = json.loads(unquote(run.argv[-1]).replace("+", " "))
        self.plans.append(plan)
        began_s = [[] if probe["want"] in self.unseen else [probe["at_s"] + self.late_s] for probe in plan["probes"]]
        run.say(STDOUT, json.dumps([{"began_s": one, "tries": 3} for one in began_s]))
        run.end(exits(0))


def measured(tmp_path, prober, count=1):
    with serving(FakeApiServer(ANSWERS, prober), tmp_path) as cluster:
        probers = Probers(Kube(cluster), "a", {"n1": "prober-1"})
        everything = subjects("10.96.0.0/16", BACKEND, count)
        return measure_changes(probers, everything, LIVENESS_TARGET, Pace(lead_s=0.05, together=1), 1, SilentProgress())


def test_every_change_has_a_sample_from_every_node(tmp_path):
    samples = measured(tmp_path, prober := FakeProber())
    assert [(sample.change, sample.node) for sample in samples] == [(change, "n1") for change in Change]
    assert all(400 < sample.latency_ms <= 500 for sample in samples)
    assert [plan["probes"][0]["want"] for plan in prober.plans] == ["reachable", "unreachable"] * 2


def test_samples_have_the_numbers_of_their_change_and_batch(tmp_path):
    samples = measured(tmp_path, prober := FakeProber(), count=2)
    of_kind = {change: [one for one in samples if one.change is change] for change in Change}
    assert {change: [(one.number, one.batch) for one in found] for change, found in of_kind.items()} == {
        Change.ADD_SERVICE: [(0, 0), (1, 1)],
        Change.REMOVE_ENDPOINT: [(0, 1), (1, 2)],
        Change.ADD_ENDPOINT: [(0, 2), (1, 3)],
        Change.DELETE_SERVICE: [(0, 3), (1, 4)],
    }
    assert [len(plan["probes"]) for plan in prober.plans] == [1, 2, 2, 2, 1]


def test_a_change_that_never_takes_effect_counts_as_an_error(tmp_path):
    samples = measured(tmp_path, FakeProber(unseen=("unreachable",)))
    made = {found.conditions.change: found for found in measurements(samples, Pace(), Conditions())}
    assert (made["add Service"].n, made["add Service"].errors) == (1, 0)
    assert (made["delete Service"].n, made["delete Service"].errors) == (0, 1)
    assert "not seen within 60 s: 1 changes" in made["delete Service"].flags
    assert [sample.latency_ms for sample in made["delete Service"].samples] == [None]


def test_an_effect_seen_before_its_change_counts_as_an_error(tmp_path):
    samples = measured(tmp_path, FakeProber(late_s=-0.01))
    (found, *_) = measurements(samples, Pace(), Conditions())
    assert (found.n, found.errors) == (0, 1)
    assert "seen before they were made: 1 changes" in found.flags


def test_latencies_of_changes_are_measured_in_milliseconds():
    samples = [Sample(Change.ADD_SERVICE, "n1", 100.0 + number, number, number // 25) for number in range(200)]
    (found, *_) = measurements(samples, Pace(every_s=0.0212), Conditions(services=1000))
    assert (found.unit, found.n) == ("ms", 200)
    assert found.conditions.tried_every_ms == 21.2
    assert found.quantiles["p50"] == pytest.approx(200, abs=2)
    assert found.ci95["p50"][0] < 200 < found.ci95["p50"][1]
    assert found.samples[26] == ChangeSample(number=26, batch=1, latency_ms=126.0)


def test_probes_of_addresses_outside_the_cluster_are_refused(tmp_path):
    with serving(FakeApiServer({}), tmp_path) as cluster:
        probers = Probers(Kube(cluster), "a", {"n1": "prober-1"})
        probe = Probe(Target("a", "192.0.2.1", 80), 0.0, Want.REACHABLE)
        with (
            pytest.raises(Refused, match="is not an address"),
            probers.watching([probe], LIVENESS_TARGET, every_s=1, limit_s=1),
        ):
            pass


@pytest.mark.parametrize(
    ("mode", "substrate", "every_s"),
    [(Mode.NFTABLES, Substrate.HOST, 0.002), (Mode.IPTABLES, Substrate.HOST, 0.0212), (Mode.IPVS, Substrate.UML, 0.01)],
)
def test_tries_that_use_more_cpu_time_are_made_less_often(mode, substrate, every_s):
    cluster = replace(fake_cluster(), mode=mode, substrate=substrate)
    assert pace_at(cluster, 10_000).every_s == pytest.approx(every_s)
    assert pace_at(cluster, 0).every_s <= every_s
