"""The limit of connection tracking, on a node whose kernel is its own."""

from contextlib import suppress

from harness.dataplane.conntrack import Overflow, entry_limit, fewer_entries, overflow
from tests.fakes.owned import fake_cluster
from tests.fakes.shell import TextShell

(NODE, *_) = fake_cluster().nodes


def test_what_a_full_table_has_cost_is_counted_over_all_processors():
    line = "found=0 invalid=9 insert=0 insert_failed=0 drop=3 early_drop={} error=0 search_restart=1"
    shell = TextShell({"conntrack -S": f"cpu=0 {line.format(40)}\ncpu=1 {line.format(2)}\n"})
    assert overflow(shell, NODE) == Overflow(evicted=42, dropped=6)
    assert overflow(shell, NODE).since(Overflow(40, 6)) == Overflow(2, 0)


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
