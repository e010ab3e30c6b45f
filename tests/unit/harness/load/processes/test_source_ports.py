"""Connections to two servers of this process, whose source ports are seen by the servers."""

import socket
from contextlib import ExitStack

import pytest
from kubeproof_load.arrivals import Target
from kubeproof_load.request_kinds import FirstPacket
from kubeproof_load.source_ports import choose_from, local_ports, separated

SERVICES = [Target("first", "10.96.0.1", 80), Target("second", "10.96.0.2", 80), Target("first again", "10.96.0.1", 80)]


def test_each_address_gets_ports_of_its_own_under_all_its_labels():
    first, second, again = separated(SERVICES, (30000, 30999))
    assert (first.source_ports, second.source_ports) == ((30000, 30499), (30500, 30999))
    assert again.source_ports == first.source_ports


@pytest.mark.usefixtures("separable_source_ports")
def test_first_packets_come_from_the_ports_of_their_target():
    _, last = local_ports()
    with ExitStack() as ended:
        listeners = [ended.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        named = [Target(f"{number}", "127.0.0.1", each.getsockname()[1]) for number, each in enumerate(listeners)]
        targets = separated(named, (last - 199, last))
        for target in targets:
            listener = listeners[int(target.label)]
            for _ in range(20):
                FirstPacket().once(target, 5.0)
                connection, (_, port) = listener.accept()
                connection.close()
                assert target.source_ports[0] <= port <= target.source_ports[1]


class OldKernelSocket:
    def setsockopt(self, *_):
        raise OSError(92, "Protocol not available")


def test_an_older_kernel_chooses_from_all_ports():
    choose_from(OldKernelSocket(), (30000, 30499))
