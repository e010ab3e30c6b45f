import pytest

from clusters.cluster import Node, Role
from clusters.errors import CommandFailed
from clusters.spec import Substrate
from harness.load.plan import Block, TargetBlocks
from harness.performance.known_delay import DelayablePath, NoNetem, concatenated, path_to_pod

CLIENT, BACKEND = Node("n1", Role.WORKER, "172.18.0.3"), Node("n2", Role.WORKER, "172.18.0.4")


class FakeShell:
    """Returns the device of a pod's route and runs `tc`, or fails to add a delay."""

    def __init__(self, failure=None):
        self.ran, self.failure = [], failure

    def run(self, node, *argv):
        self.ran.append((node.name, " ".join(argv)))
        if argv[0] == "ip":
            return '[{"dst":"10.244.2.7","dev":"veth0a1b","src":"10.244.2.1"}]'
        if self.failure and argv[2] == "replace":
            raise self.failure
        return ""


def test_on_host_the_nodes_end_of_the_pods_veth_pair_is_delayed_and_passed_once():
    nodes = FakeShell()
    path = path_to_pod(Substrate.HOST, (FakeShell(), CLIENT), (nodes, BACKEND), "10.244.2.7")
    assert path.passages == 1
    with path.delayed(200):
        assert nodes.ran[-1] == ("n2", "tc qdisc replace dev veth0a1b root netem delay 200us")
    assert nodes.ran[-1] == ("n2", "tc qdisc del dev veth0a1b root")


def test_on_user_mode_linux_the_guests_device_is_delayed_and_passed_twice():
    guests, nodes = FakeShell(), FakeShell()
    path = path_to_pod(Substrate.UML, (guests, CLIENT), (nodes, BACKEND), "10.244.2.7")
    with path.delayed(50):
        assert guests.ran == [("n1", "tc qdisc replace dev vec0 root netem delay 50us")]
    assert (path.passages, nodes.ran) == (2, [])


def test_a_delay_of_zero_leaves_the_path_unchanged():
    shell = FakeShell()
    with DelayablePath(lambda *argv: shell.run(CLIENT, *argv), "veth0", 1).delayed(0):
        pass
    assert shell.ran == []


@pytest.mark.parametrize(
    "refusal",
    ["Error: Specified qdisc kind is unknown.", "RTNETLINK answers: Operation not supported"],
    ids=["no netem", "no queueing disciplines at all"],
)
def test_a_kernel_without_netem_is_reported_and_left_unchanged(refusal):
    shell = FakeShell(CommandFailed(("tc",), 2, "", f"{refusal}\n"))
    path = DelayablePath(lambda *argv: shell.run(CLIENT, *argv), "veth0", 1)
    with pytest.raises(NoNetem, match=f"behind veth0 has no netem: {refusal}"), path.delayed(50):
        pass
    assert len(shell.ran) == 1


def test_a_delay_is_removed_if_the_block_is_interrupted():
    shell = FakeShell()
    path = DelayablePath(lambda *argv: shell.run(CLIENT, *argv), "veth0", 1)
    with pytest.raises(KeyboardInterrupt), path.delayed(50):
        raise KeyboardInterrupt
    assert shell.ran[-1] == ("n1", "tc qdisc del dev veth0 root")


def test_blocks_of_rounds_are_numbered_by_round_even_if_some_are_missing():
    rounds = [
        TargetBlocks((Block(0), Block(1))),
        TargetBlocks((Block(1),)),
        TargetBlocks(()),
        TargetBlocks((Block(0),)),
    ]
    assert [block.number for block in concatenated(rounds, 3).blocks] == [0, 1, 4, 9]
    assert concatenated([], 3).blocks == ()
