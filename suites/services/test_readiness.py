"""A readiness probe that fails takes a pod out of its Service, and nothing else happens to it."""

import time

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    Kube,
    Request,
    ServiceMaker,
    Waits,
    bodies,
    is_ready,
    steady_traffic,
)
from suites.services.decisions import PodLeaving, decide_readiness

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
    """EndpointSlice, every kernel and real requests lose it; its container runs on."""
    web = make_service("web", switchable=True)
    client = make_client("client", node=cluster.workers[0])
    leaving = next(iter(web.pods))
    others = frozenset(address for pod, address in web.pods.items() if pod != leaving)

    with steady_traffic(client, Request(web.cluster_ip, 80, spacing_s=SPACING_S)) as traffic:
        failed_at_s = time.time()
        web.set_ready(leaving, False)
        endpoints = waits.observe_endpoints(namespace, "web", len(others))
        left_api_s = time.time() - failed_at_s
        kernels = web.observe_programmed(others) if endpoints.met else {}
        left_kernel_at_s = time.time()

    replies = traffic.replies
    assert not traffic.lost, traffic.lost[:3]
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"
    assert replies[-1].at_s > left_kernel_at_s, "traffic ended before the kernel had changed: it decides nothing"
    reached = [reply.at_s for reply in replies if reply.body == leaving]
    late = [at_s for at_s in reached if at_s > left_kernel_at_s]
    pod = kube.get(f"/api/v1/namespaces/{namespace}/pods/{leaving}")
    restarts = pod["status"]["containerStatuses"][0]["restartCount"]
    seen = PodLeaving(
        left_api_s=left_api_s if endpoints.met else None,
        last_reached_s=max(reached, default=failed_at_s) - failed_at_s,
        reached=len(reached),
        late=len(late),
        kernels=len(kernels),
        left_kernels_s=left_kernel_at_s - failed_at_s,
        kept_by=tuple(name for name, kernel in kernels.items() if not kernel.met),
        restarts=restarts,
    )
    claim.record("7.2", decide_readiness(seen))
    endpoints.require()
    for kernel in kernels.values():
        kernel.require()
    assert not late, f"{len(late)} requests reached {leaving} after every kernel had lost it"
    assert restarts == 0


def test_an_unready_pod_gets_connections_when_its_service_says_so(
    cluster: Cluster, waits: Waits, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """publishNotReadyAddresses: an unready pod is taken for ready by every kernel."""
    web = make_service("web", 2, switchable=True, publishNotReadyAddresses=True)
    client = make_client("client", node=cluster.workers[0])
    unready = next(iter(web.pods))
    web.set_ready(unready, False)
    waits.wait_pod(web.namespace, unready, "not Ready", lambda pod: not is_ready(pod))
    # Made now, it has never been ready to this Service.
    (late,) = web.add_fronts("late", publishNotReadyAddresses=True)
    web.wait_programmed(web.pods.values())
    for address in (web.cluster_ip, late.address):
        met = bodies(client.send(Request(address, 80, CONNECTIONS)))
        assert met.total() == CONNECTIONS, f"{CONNECTIONS - met.total()} connections to {address} were lost"
        assert set(met) == set(web.pods), f"through {address} the client met {met}"
