"""How a Service chooses the backend of each connection, and whether connections are lost."""

import pytest

from harness.suite import ClaimRecorder, ClientMaker, Cluster, Request, ServiceMaker, bodies, sequence_statistics
from harness.traffic.requests import delayed
from suites.modes import SERVICES_IN

CONNECTIONS = 300
BACKENDS = 3
REUSES, PORT = 100, 40000


@pytest.mark.claim("16.1")
def test_backends_are_chosen_as_the_mode_documents(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker, claim: ClaimRecorder
) -> None:
    """Strict rotation in ipvs mode (scheduler rr), independent uniform draws in the others."""
    web = make_service("web", BACKENDS)
    replies = make_client("client", node=cluster.workers[0]).send(Request(web.cluster_ip, 80, CONNECTIONS))
    assert all(reply.ok for reply in replies), [reply.error for reply in replies if not reply.ok][:3]

    seen = sequence_statistics([reply.body for reply in replies], BACKENDS)
    claim.decide(
        "16.1",
        seen.rotates,
        f"{seen.n} connections from node {cluster.workers[0].name} to {seen.k} backends: {seen.repeats} went to the "
        f"same backend as the connection before (independent draws: {seen.expected_repeats:.0f} expected, "
        f"p = {seen.p_repeats:.3g}), {seen.periodic:.0%} to the same backend as {seen.k} connections before. "
        f"Connections per backend: {sorted(seen.counts.values())} (uniform: p = {seen.p_uniform:.3g}). "
        + seen.in_words,
    )
    if SERVICES_IN[cluster.mode].rotates_backends:
        assert seen.rotates, f"{cluster.mode} mode did not choose backends in strict rotation: {seen}"
    else:
        assert seen.independent, f"{cluster.mode} mode did not choose backends by independent uniform draws: {seen}"


def test_a_client_that_reuses_its_port_loses_no_connection(
    cluster: Cluster, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """The kernel's state of a closed connection does not affect the next one from the same port.

    In ipvs mode it once did, by dropping the first SYN: https://github.com/kubernetes/kubernetes/issues/81775
    """
    web = make_service("web", BACKENDS)
    client = make_client("client", node=cluster.workers[0])
    replies = client.send(Request(web.cluster_ip, 80, REUSES, source_port=PORT, reset=True))
    lost = [reply.error for reply in replies if not reply.ok]
    assert not lost, f"{len(lost)} of {REUSES} connections lost: {lost[0]}"
    late = delayed(replies)
    assert not late, f"{len(late)} of {REUSES} connections lost their first packet: {late[0]}"
    assert set(bodies(replies)) <= set(web.pods), f"answered by {bodies(replies)}, not only by pods of Service web"
