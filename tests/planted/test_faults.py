"""Every planted fault is caught by the assertions that it names, and its bystanders pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.cluster import Cluster
from reports.model import Finding
from tests.planted.fault import Fault, Site
from tests.planted.health import wait_healthy
from tests.planted.trial.cases import CaseProcess
from tests.planted.trial.trial import try_fault


@pytest.mark.exclusive
@pytest.mark.disruptive
def test_fault_is_caught(
    fault: Fault,
    site: Site,
    cluster: Cluster,
    cases_directory: Path,
    findings: list[Finding],
    pytestconfig: pytest.Config,
) -> None:
    cases = CaseProcess(cluster, pytestconfig.rootpath, cases_directory)
    trial = try_fault(fault, site, cases.run, wait_healthy)
    findings.append(trial.finding)
    assert trial.caught, trial.failure_message
