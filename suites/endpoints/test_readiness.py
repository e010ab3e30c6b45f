"""A failing readiness probe takes a pod out of its Service and does not restart it."""

from collections.abc import Mapping

import pytest

from harness.dataplane.reader import ServiceState
from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    Kube,
    Observation,
    Request,
    ServiceHandle,
    ServiceMaker,
    Waits,
    bodies,
    is_ready,
    observe_within,
    steady_traffic,
)
from suites.endpoints.decisions import PodLeaving, decide_readiness

SPACING_S = 0.02
CONNECTIONS = 40


@pytest.mark.claim("7.2")
def test_an_unready_pod_gets_no_more_connections(
    cluster: Cluster,
    kube: Kube,
    waits: Waits,
    namespace: str,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    claim: ClaimRecorder,
) -> None:
    """The pod leaves its EndpointSlice and every kernel, and no more requests reach it. Its container runs on."""
    web = make_service("web", switchable=True)
    client = make_client("client", node=cluster.workers[0])
    leaving, address = next(iter(web.pods.items()))
    others = frozenset(web.pods.values()) - {address}

    with steady_traffic(client, Request(web.cluster_ip, 80, spacing_s=SPACING_S)) as traffic:
        # Take every time from the clock that also dates the replies. The clock of this machine may differ.
        failed_at_s = client.clock_s()
        web.set_ready(leaving, False)
        endpoints = observe_unlisted(waits, web, address)
        read_api_at_s = client.clock_s()
        kernels = web.observe_programmed(others) if endpoints.met else {}
        read_kernels_at_s = client.clock_s()

    replies = traffic.replies
    assert not traffic.lost, traffic.lost[:3]
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"
    assert replies[-1].at_s > read_kernels_at_s, "traffic ended before the kernels were read, so it decides nothing"
    reached = [reply.at_s for reply in replies if reply.body == leaving]
    late = [at_s for at_s in reached if at_s > read_kernels_at_s]
    pod = kube.get(f"/api/v1/namespaces/{namespace}/pods/{leaving}")
    restarts = pod["status"]["containerStatuses"][0]["restartCount"]
    seen = PodLeaving(
        left_api=endpoints.met,
        read_api_s=read_api_at_s - failed_at_s,
        last_reached_s=max(reached, default=failed_at_s) - failed_at_s,
        reached=len(reached),
        late=len(late),
        kernels=len(kernels),
        read_kernels_s=read_kernels_at_s - failed_at_s,
        kept_by=nodes_keeping(kernels, address),
        restarts=restarts,
    )
    claim.record("7.2", decide_readiness(seen))
    endpoints.require()
    for kernel in kernels.values():
        kernel.require()
    assert not late, f"{len(late)} requests reached pod {leaving} after it had left every kernel"
    assert restarts == 0, f"the container of pod {leaving} was restarted {restarts} times"


def observe_unlisted(waits: Waits, web: ServiceHandle, address: str) -> Observation[frozenset[str]]:
    """Observe until the Service's EndpointSlices do not list this address as ready, whatever else they list."""
    return observe_within(
        f"Service {web.namespace}/{web.name} without {address} among its ready endpoints",
        lambda: frozenset(endpoint for endpoint, _ in waits.endpoints(web.namespace, web.name)),
        lambda ready: address not in ready,
        describe=lambda ready: f"{len(ready)} ready: {sorted(ready)}",
        within_s=30.0,
    )


def nodes_keeping(kernels: Mapping[str, Observation[ServiceState]], address: str) -> dict[str, float]:
    """Return the nodes whose kernel still had this address as a backend when last read, with seconds of observation.

    A kernel that also lacks another backend does not keep this one.
    """
    return {
        name: kernel.waited_s
        for name, kernel in kernels.items()
        if address in {backend.address for backend in kernel.seen.backends}
    }


def test_an_unready_pod_gets_connections_when_its_service_says_so(
    cluster: Cluster, waits: Waits, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """With publishNotReadyAddresses every kernel treats an unready pod as ready."""
    web = make_service("web", 2, switchable=True, publishNotReadyAddresses=True)
    client = make_client("client", node=cluster.workers[0])
    unready = next(iter(web.pods))
    web.set_ready(unready, False)
    waits.wait_pod(web.namespace, unready, "not Ready", lambda pod: not is_ready(pod))
    # For a Service created now, the pod has never been ready.
    (late,) = web.add_services("late", publishNotReadyAddresses=True)
    web.wait_programmed(web.pods.values())
    for address in (web.cluster_ip, late.address):
        met = bodies(client.send(Request(address, 80, CONNECTIONS)))
        assert met.total() == CONNECTIONS, (
            f"{CONNECTIONS - met.total()} of {CONNECTIONS} connections to {address} were lost"
        )
        assert set(met) == set(web.pods), f"connections to {address} were answered by {met}"
