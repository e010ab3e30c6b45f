"""Tests of the connection tracking counters and limit."""

from contextlib import suppress

import pytest

from harness.dataplane.conntrack import Losses, entry_limit, limited_entries, losses, tcp_entries
from tests.fakes.cluster.owned import fake_cluster
from tests.fakes.cluster.shell import TextShell

(NODE, *_) = fake_cluster().nodes


def test_losses_are_summed_over_all_cpus():
    line = "found=0 invalid=9 insert=0 insert_failed=1 drop=3 early_drop={} error=0 search_restart=1"
    shell = TextShell({"conntrack -S": f"cpu=0 {line.format(40)}\ncpu=1 {line.format(2)}\n"})
    assert losses(shell, NODE) == Losses(evicted=42, dropped=6, not_inserted=2)
    assert losses(shell, NODE).since(Losses(40, 6, 2)) == Losses(2, 0, 0)


@pytest.mark.parametrize(
    ("lost", "full"),
    [
        (Losses(evicted=0, dropped=0, not_inserted=0), False),
        (Losses(evicted=1, dropped=0, not_inserted=0), True),
        (Losses(evicted=0, dropped=1, not_inserted=0), True),
        (Losses(evicted=0, dropped=2, not_inserted=2), False),
        (Losses(evicted=0, dropped=0, not_inserted=3), False),
    ],
)
def test_evictions_and_unexplained_drops_show_a_full_table_but_clashes_do_not(lost, full):
    assert lost.table_was_full is full


class LimitShell:
    """A shell that reads and sets the limit of connection tracking."""

    def __init__(self) -> None:
        self.limit = 131072

    def run(self, node, *argv, timeout_s=60.0):
        if argv[:3] == ("sysctl", "-q", "-w"):
            self.limit = int(argv[3].removeprefix("net.netfilter.nf_conntrack_max="))
            return ""
        assert argv == ("cat", "/proc/sys/net/netfilter/nf_conntrack_max")
        return f"{self.limit}\n"


def test_the_limit_is_restored_even_after_an_interrupt():
    shell, limits = LimitShell(), []
    with suppress(KeyboardInterrupt), limited_entries(shell, NODE, 400):
        limits.append(entry_limit(shell, NODE))
        raise KeyboardInterrupt
    assert limits == [400]
    assert entry_limit(shell, NODE) == 131072


LISTING = """\
tcp      6 86399 ESTABLISHED src=10.244.1.7 dst=10.96.12.1 sport=40112 dport=80 src=10.244.2.3 dst=10.244.1.7 sport=80 dport=40112 [ASSURED] mark=0 use=1
tcp      6 97 TIME_WAIT src=10.244.1.7 dst=10.96.12.1 sport=40114 dport=80 src=10.244.2.3 dst=10.244.1.7 sport=80 dport=40114 [ASSURED] mark=0 use=1
udp      17 20 src=10.244.1.7 dst=10.96.12.1 sport=5353 dport=81 [UNREPLIED] src=10.244.2.3 dst=10.244.1.7 sport=81 dport=5353 mark=0 use=1
tcp      6 86399 ESTABLISHED src=10.244.1.7 dst=10.96.12.10 sport=40116 dport=80 src=10.244.2.4 dst=10.244.1.7 sport=80 dport=40116 [ASSURED] mark=0 use=1
"""


def test_tcp_entries_of_an_address_have_their_state_and_no_other_addresss_or_protocols():
    shell = TextShell({"conntrack -L": LISTING})
    assert tcp_entries(shell, NODE, "10.96.12.1") == {
        "src=10.244.1.7 dst=10.96.12.1 sport=40112 dport=80": "ESTABLISHED",
        "src=10.244.1.7 dst=10.96.12.1 sport=40114 dport=80": "TIME_WAIT",
    }
