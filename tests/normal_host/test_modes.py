"""Each mode on an ordinary host: natively, with the kernel's own modules."""

import pytest

from clusters.spec import Mode
from reports.model import Outcome, results_from_json
from tests.normal_host.conftest import RunInGuest

NATIVE = {
    Mode.IPVS: {"ip_vs", "ip_vs_rr"},
    Mode.NFTABLES: {"nft_numgen"},
    Mode.IPTABLES: {"xt_statistic"},
}
"""Kernel modules that only kube-proxy in that mode needs, to choose among the endpoints of a Service."""


@pytest.mark.parametrize("mode", Mode)
def test_an_ordinary_host_runs_the_suites_natively(run_suites: RunInGuest, mode: Mode) -> None:
    run = run_suites(mode)
    (file,) = run.directory.glob("2*/results.json")
    results = results_from_json(file.read_text())
    assert {case.id: case.reason for case in results.cases if case.outcome in FAILING} == {}
    assert run.exit_code == 0
    assert (results.run.mode, results.run.substrate) == (mode, "host")
    assert results.environment["cgroup version"] == "2"
    assert run.modules >= NATIVE[mode]
    assert any(case.outcome is Outcome.PASSED for case in results.cases)
    assert (run.clean_exit_code, run.containers) == (0, ())


FAILING = (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)
