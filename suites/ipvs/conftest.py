"""These cases are about ipvs mode. In a cluster of another mode kube-proxies run in it as long as one of them lasts."""

import pytest

from harness.suite import IpvsDataPlane, Mode


@pytest.fixture
def dataplane(ipvs_dataplane: IpvsDataPlane) -> IpvsDataPlane:
    return ipvs_dataplane


@pytest.fixture
def mode() -> Mode:
    return Mode.IPVS
