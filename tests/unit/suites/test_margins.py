"""Traffic, containers and grace periods of cases last longer than the waits that need them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from clusters.cluster import Node, Role
from clusters.host.patience import Patience
from harness.dataplane.services import PROGRAMMED_DEADLINE_S
from harness.kube_proxy.proxies import WORKING_DEADLINE_S
from harness.traffic.persistent import LIMIT_S as PERSISTENT_LIMIT_S
from harness.traffic.requests import Request
from harness.traffic.steady import LIMIT
from suites.endpoints import test_readiness
from suites.endpoints.test_terminating import CONNECTIONS, grace_s
from suites.ipvs import test_ipset
from suites.kube_proxy import test_changes, test_restart
from suites.rollouts import test_strategy
from tests.fakes.cluster.owned import fake_cluster

SUITES = Path(__file__).parents[3] / "suites"
LONG_S = 60
"""A container that sleeps for at least this long runs until its case ends."""

UNTIL_FILE_EXISTS = re.compile(r"until [^;]+; do sleep 1; done")
SLEEP = re.compile(r"\bsleep (\d+)")


@pytest.mark.parametrize("manifest", sorted(SUITES.rglob("*.yaml")), ids=lambda path: path.name)
def test_containers_do_not_sleep_for_short_times(manifest):
    script = UNTIL_FILE_EXISTS.sub("", manifest.read_text())
    short = [found[0] for found in SLEEP.finditer(script) if int(found[1]) < LONG_S]
    assert not short, "a kubelet checks a container once a second, and less often on a busy node"


@pytest.mark.parametrize("case", [test_changes, test_ipset, test_readiness, test_restart, test_strategy])
def test_traffic_lasts_longer_than_any_wait_of_its_block(case):
    longest_s = 2 * WORKING_DEADLINE_S
    assert 1.5 * longest_s < LIMIT * case.SPACING_S
    assert 1.5 * longest_s < PERSISTENT_LIMIT_S


@pytest.mark.parametrize(("workers", "patience"), [(2, Patience()), (5, Patience()), (2, Patience(4))])
def test_terminating_pods_serve_longer_than_the_waits_for_both_deletions(workers, patience):
    nodes = tuple(
        Node(f"node-{number}", Role.WORKER if number else Role.CONTROL_PLANE, f"172.18.0.{number}")
        for number in range(workers + 1)
    )
    asking = Request("10.96.0.9", 80, CONNECTIONS)
    waits_s = 2 * (patience.seconds(PROGRAMMED_DEADLINE_S) * len(nodes) + asking.limit_s * workers)
    assert grace_s(replace(fake_cluster(), nodes=nodes), asking, patience) >= waits_s
