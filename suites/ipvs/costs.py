"""What Services cost on one node in the mode of its kube-proxy: the quantities in which two modes are compared."""

from harness.kube.objects.workloads import service
from harness.performance.conclusions.swept import last_above_first_us, swept_steps
from harness.performance.sweep.step import Step
from harness.statistics.comparison import Comparison, Range, range_of
from harness.suite import Client, Node, Proxies, Request, ServiceHandle, wait_until

REPETITIONS = 5
CONNECTIONS = 200
SYNC_DEADLINE_S = 60.0
THINGS = (
    "difference of the first packet between the first and the last Service, us",
    f"{CONNECTIONS} sequential requests, s",
    "kube-proxy's sync for one additional Service, s",
)
"""The quantities that are compared, with their units. Less is better."""

Costs = tuple[Range, Range, Range]
"""The values of `THINGS`, in their order."""


def costs(step: Step, mode: str, web: ServiceHandle, client: Client, proxies: Proxies, node: Node) -> Costs:
    """Return the costs in `mode`, in which the node's kube-proxy runs and the step was measured."""
    requests_s = [request_time_s(client, web) for _ in range(REPETITIONS)]
    syncs_s = [sync_time_s(f"{mode}-{number}", web, proxies, node) for number in range(REPETITIONS)]
    return first_and_last_apart(step), range_of(requests_s), range_of(syncs_s)


def comparisons(ours: Costs, theirs: Costs) -> list[Comparison]:
    """Return the comparison of each quantity."""
    return [Comparison(*found) for found in zip(THINGS, ours, theirs, strict=True)]


def first_and_last_apart(step: Step) -> Range:
    """Return the difference of the first packet between the first and the last Service, by the kernel's clock, in us.

    First and last are by the rule's position in iptables mode, and by age in ipvs mode, where a list could begin with
    the oldest or with the youngest. The first and the last Service are measured at the same time. The two modes are
    measured minutes apart, and the host may change by more than they differ in that time.
    """
    last_above_first = last_above_first_us(swept_steps(step.measurements))
    assert last_above_first is not None, "the last Service was not measured"
    return last_above_first.size


def request_time_s(client: Client, web: ServiceHandle) -> float:
    """Return the total duration of `CONNECTIONS` requests in seconds."""
    replies = client.send(Request(web.cluster_ip, 80, CONNECTIONS))
    lost = sum(not reply.ok for reply in replies)
    assert not lost, f"{lost} of {CONNECTIONS} requests from node {client.node} were lost"
    return sum(reply.latency_us for reply in replies) / 1e6


def sync_time_s(name: str, web: ServiceHandle, proxies: Proxies, node: Node) -> float:
    """Return kube-proxy's mean sync time in seconds after Service `name` is created."""
    before = proxies.syncs(node)
    web.kube.create(web.namespace, service(name, web.name))
    after = wait_until(
        f"a sync of kube-proxy on node {node.name} for Service {name}",
        lambda: proxies.syncs(node),
        lambda syncs: syncs.count > before.count,
        deadline_s=SYNC_DEADLINE_S,
    )
    return (after.total_s - before.total_s) / (after.count - before.count)
