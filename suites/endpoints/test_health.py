"""A Service does not check the health of its backends; only readiness takes a backend out."""

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    Kube,
    ManifestMaker,
    Reply,
    Request,
    ServiceMaker,
    Waits,
    bodies,
)

CONNECTIONS, SPACING_S = 240, 0.04
"""About ten seconds of connections, long enough for a health check to notice a closed port."""

QUICKLY = 60
FAIR_SHARE = CONNECTIONS // 2 // 3
"""The share of each of three backends in half of the connections."""

NOT_NOTICED = "no health check removed the backend, and no connection was retried at another backend"
NOTICED = "a health check removed the backend, or connections were retried at another backend"


@pytest.mark.claim("2.4")
def test_a_backend_that_refuses_goes_on_getting_connections(
    cluster: Cluster,
    kube: Kube,
    waits: Waits,
    create: ManifestMaker,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    claim: ClaimRecorder,
) -> None:
    """A backend that closes its port and stays Ready keeps getting connections, until its pod becomes unready."""
    web = make_service("web", 2)
    client = make_client("client", node=cluster.workers[0])
    create("fails-while-ready.yaml", app="web")
    pods = waits.wait_pods_ready(web.namespace, "app=web", 3)
    web.wait_programmed(pod["status"]["podIP"] for pod in pods)
    healthy = client.send(Request(web.cluster_ip, 80, QUICKLY))
    ended = kube.exec(web.namespace, "sick", ("sh", "-c", "kill $(cat /tmp/server)"))
    assert ended.exit_code == 0, ended.stderr

    replies = client.send(Request(web.cluster_ip, 80, CONNECTIONS, spacing_s=SPACING_S))
    refused = [_refusals(half) for half in (replies[: CONNECTIONS // 2], replies[CONNECTIONS // 2 :])]
    web.set_ready("sick", False)
    web.wait_programmed(web.pods.values())
    afterwards = client.send(Request(web.cluster_ip, 80, QUICKLY))

    unnoticed = refused[1] > FAIR_SHARE / 2
    claim.decide(
        "2.4",
        not unnoticed,
        f"One of three backends, pod sick, closed its port and stayed Ready. Of {CONNECTIONS} connections in "
        f"{replies[-1].at_s - replies[0].at_s:.0f} s from node {client.node}, {refused[0]} were refused in the first "
        f"half and {refused[1]} in the second: {NOT_NOTICED if unnoticed else NOTICED}. "
        f"After the pod became unready, {_refusals(afterwards)} of {QUICKLY} connections were refused.",
    )
    assert bodies(healthy)["sick"], f"pod sick got no connection while its port was open: {bodies(healthy)}"
    assert sum(refused) + sum(bodies(replies).values()) == CONNECTIONS, _others(replies)
    assert unnoticed, f"connections refused in each half of {CONNECTIONS}: {refused}"
    assert all(reply.ok for reply in afterwards), _others(afterwards) or _refusals(afterwards)


def _refusals(replies: tuple[Reply, ...]) -> int:
    return sum(reply.refused for reply in replies)


def _others(replies: tuple[Reply, ...]) -> list[str]:
    """Return the errors that are not a refusal."""
    return [reply.error for reply in replies if not reply.ok and not reply.refused]
