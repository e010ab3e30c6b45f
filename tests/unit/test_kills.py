"""The kill benchmark recognizes a run's phase, and kills at moments that follow from a seed."""

import random

import pytest

from benchmarks.kills import carry_out, moments, phase_of

LOG = """[   0.0s] • doctor looks at the host
[   1.0s]   source built
[   1.1s] • building image kubeproof/registry:1
[   3.0s]   done in 1.9 s
[   3.1s] • kind creates cluster kubeproof-iptables-0a1b2c: 1 control plane and 2 worker nodes, Kubernetes 1.37.2
[  50.0s]   done in 46.9 s
[  50.1s] • pod network, leak guard, DNS, metrics-server, proxy
[  53.0s]   done in 2.9 s
[  53.1s] • waiting for nodes, DNS on every node, metrics and the proxy's first sync
[  70.0s]   done in 16.9 s
[  90.0s] • 0 Services
[ 110.0s] • 100 Services
[ 140.0s] • exporting the nodes' logs of cluster kubeproof-iptables-0a1b2c
[ 145.0s] • removing cluster kubeproof-iptables-0a1b2c
"""


@pytest.mark.parametrize(
    ("lines", "phase"),
    [
        (0, "start"),
        (1, "start"),
        (3, "image build"),
        (5, "kind"),
        (7, "set-up"),
        (9, "set-up"),
        (10, "cases"),
        (12, "sweep"),
        (13, "removal"),
        (14, "removal"),
    ],
)
def test_the_phase_of_a_run_is_read_from_its_log(lines, phase):
    assert phase_of("".join(LOG.splitlines(keepends=True)[:lines])) == phase


def test_removing_the_cluster_of_an_earlier_run_belongs_to_the_start():
    assert (
        phase_of("[ 0.1s] • removing cluster kubeproof-ipvs-0a1b2c, left behind by a run that has ended\n") == "start"
    )


class FailingCampaign:
    """A campaign whose runs fail, as on a host without Docker. It cannot kill."""

    def run_to_the_end(self, number):
        return 3, 1.0


def test_no_run_is_killed_if_the_first_run_fails():
    """All moments would be in its early phases."""
    (problem,) = carry_out(FailingCampaign(), kills=5, seed=1)
    assert "ended with exit code 3, so no run was killed" in problem


def test_moments_are_spread_over_the_run_and_follow_from_the_seed():
    found = moments(10, 100.0, random.Random(3))
    assert found == moments(10, 100.0, random.Random(3))
    assert sorted(int(moment_s // 10) for moment_s in found) == list(range(10))
    assert found != sorted(found)
