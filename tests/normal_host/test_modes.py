"""Each mode on an ordinary host: natively, with what the kernel's own modules bring."""

import json

import pytest

from clusters.spec import Mode
from reports.model import Outcome, RunResults
from tests.normal_host.conftest import RunInGuest

NATIVE = {
    Mode.IPVS: {"ip_vs", "ip_vs_rr"},
    Mode.NFTABLES: {"nf_tables"},
    Mode.IPTABLES: {"nf_conntrack"},
}
"""Modules that a mode has in the machine's kernel."""


@pytest.mark.parametrize("mode", Mode)
def test_an_ordinary_host_runs_the_suites_natively(run_suites: RunInGuest, mode: Mode) -> None:
    run = run_suites(mode)
    (file,) = run.directory.glob("*/results.json")
    results = RunResults.from_json(json.loads(file.read_text()))
    assert {case.id: case.reason for case in results.cases if case.outcome in FAILING} == {}
    assert run.exit_code == 0
    assert (results.run.mode, results.run.substrate) == (mode, "host")
    assert results.environment["cgroup version"] == "2"
    assert run.modules >= NATIVE[mode]
    assert any(case.outcome is Outcome.PASSED for case in results.cases)


FAILING = (Outcome.FAILED, Outcome.ENVIRONMENT_ERROR)
