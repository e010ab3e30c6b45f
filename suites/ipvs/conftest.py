"""Fixtures of the ipvs cases: ipvs mode, also in a cluster of another mode.

In such a cluster kube-proxy runs in ipvs mode while a case runs.
"""

import pytest

from harness.dataplane.ipvs import IpvsDataPlane
from harness.suite import Mode


@pytest.fixture
def dataplane(ipvs_dataplane: IpvsDataPlane) -> IpvsDataPlane:
    return ipvs_dataplane


@pytest.fixture
def mode() -> Mode:
    return Mode.IPVS
