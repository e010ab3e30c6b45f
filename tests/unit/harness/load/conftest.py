import socket

import pytest
from kubeproof_load.source_ports import IP_LOCAL_PORT_RANGE


@pytest.fixture
def separable_source_ports():
    """Skip the test on a kernel that cannot choose a connection's source port from a range."""
    with socket.socket() as probe:
        try:
            probe.getsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, 4)
        except OSError:
            pytest.skip("Linux chooses a connection's source port from a range since 6.3")
