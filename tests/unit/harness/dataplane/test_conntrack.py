"""The limit of connection tracking, on a node whose kernel is its own."""

from contextlib import suppress

import pytest

from harness.dataplane.conntrack import Losses, entry_limit, fewer_entries, losses
from tests.fakes.owned import fake_cluster
from tests.fakes.shell import TextShell

(NODE, *_) = fake_cluster().nodes


def test_losses_are_counted_over_all_processors():
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
def test_a_table_was_full_where_room_was_wanting_and_not_where_two_connections_clashed(lost, full):
    assert lost.table_was_full is full


class Kernel:
    """A shell where the limit is read and set."""

    def __init__(self) -> None:
        self.limit = 131072

    def run(self, node, *argv, timeout_s=60.0):
        if argv[:3] == ("sysctl", "-q", "-w"):
            self.limit = int(argv[3].removeprefix("net.netfilter.nf_conntrack_max="))
            return ""
        assert argv == ("cat", "/proc/sys/net/netfilter/nf_conntrack_max")
        return f"{self.limit}\n"


def test_there_may_be_fewer_entries_for_a_while_whatever_happens_then():
    kernel, seen = Kernel(), []
    with suppress(KeyboardInterrupt), fewer_entries(kernel, NODE, 400):
        seen.append(entry_limit(kernel, NODE))
        raise KeyboardInterrupt
    assert seen == [400]
    assert entry_limit(kernel, NODE) == 131072
