"""Does a Service notice that a backend does not answer?"""

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
"""About ten seconds: time enough for a health check to find a closed port."""

QUICKLY = 60
FAIR_SHARE = CONNECTIONS // 2 // 3
"""What each of three backends gets of half the connections."""

NOBODY = "no health check took the backend out, and no connection was tried again at another one"
SOMEBODY = "somebody took the backend out, or tried again at another one"


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
    """A port closes while its pod stays ready: nobody checks, nobody tries again; readiness takes the pod out."""
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
        f"One of three backends closed its port and stayed Ready. Of {CONNECTIONS} connections in "
        f"{replies[-1].at_s - replies[0].at_s:.0f} s the client saw {refused[0]} refused in the first half and "
        f"{refused[1]} in the second: {NOBODY if unnoticed else SOMEBODY}. "
        f"When its readiness turned false, {_refusals(afterwards)} of {QUICKLY} were refused.",
    )
    assert bodies(healthy)["sick"], f"it was never met while it answered: {bodies(healthy)}"
    assert sum(refused) + sum(bodies(replies).values()) == CONNECTIONS, _others(replies)
    assert unnoticed, f"refused in each half: {refused}"
    assert all(reply.ok for reply in afterwards), _others(afterwards) or _refusals(afterwards)


def _refusals(replies: tuple[Reply, ...]) -> int:
    return sum(reply.refused for reply in replies)


def _others(replies: tuple[Reply, ...]) -> list[str]:
    """Errors of another kind."""
    return [reply.error for reply in replies if not reply.ok and not reply.refused]
