"""Whatever a case waits for lasts longer than the wait."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from clusters.cluster import Node, Role
from clusters.patience import Patience
from harness.dataplane.proxies import WORKING_DEADLINE_S
from harness.dataplane.services import PROGRAMMED_DEADLINE_S
from harness.traffic.persistent import LIMIT_S as HELD_LIMIT_S
from harness.traffic.requests import Request
from harness.traffic.steady import LIMIT
from suites.ipvs import test_ipset
from suites.rollouts import test_strategy
from suites.services import test_changes, test_readiness, test_restart
from suites.services.test_terminating import CONNECTIONS, grace_s
from tests.fakes.owned import fake_cluster

SUITES = Path(__file__).parents[3] / "suites"
LONG_S = 60
"""A container that sleeps for longer does so to the end of its case."""

UNTIL_TOLD = re.compile(r"until [^;]+; do sleep 1; done")
SLEEP = re.compile(r"\bsleep (\d+)")


@pytest.mark.parametrize("manifest", sorted(SUITES.rglob("*.yaml")), ids=lambda path: path.name)
def test_a_container_runs_until_it_is_told_to_end_and_not_for_a_moment(manifest):
    script = UNTIL_TOLD.sub("", manifest.read_text())
    short = [found[0] for found in SLEEP.finditer(script) if int(found[1]) < LONG_S]
    assert not short, "a kubelet looks once a second, and later on a busy node"


@pytest.mark.parametrize("case", [test_changes, test_ipset, test_readiness, test_restart, test_strategy])
def test_traffic_goes_on_for_longer_than_any_wait_of_its_block(case):
    longest_s = 2 * WORKING_DEADLINE_S
    assert 1.5 * longest_s < LIMIT * case.SPACING_S
    assert 1.5 * longest_s < HELD_LIMIT_S


@pytest.mark.parametrize(("workers", "patience"), [(2, Patience()), (5, Patience()), (2, Patience(4))])
def test_leaving_pods_serve_on_for_longer_than_both_departures_are_waited_for(workers, patience):
    nodes = tuple(
        Node(f"node-{number}", Role.WORKER if number else Role.CONTROL_PLANE, f"172.18.0.{number}")
        for number in range(workers + 1)
    )
    asking = Request("10.96.0.9", 80, CONNECTIONS)
    waits_s = 2 * (patience.seconds(PROGRAMMED_DEADLINE_S) * len(nodes) + asking.limit_s * workers)
    assert grace_s(replace(fake_cluster(), nodes=nodes), asking, patience) >= waits_s
