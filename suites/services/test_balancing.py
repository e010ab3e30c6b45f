"""Which backend gets the next connection?"""

import pytest

from harness.suite import ClaimRecorder, ClientMaker, Cluster, Request, ServiceMaker, sequence_statistics

CONNECTIONS = 300
BACKENDS = 3


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
        f"{seen.n} connections, {seen.k} backends: the same backend twice running {seen.repeats} times "
        f"(independent draws: {seen.expected_repeats:.0f} expected, p = {seen.p_repeats:.3g}), "
        f"{seen.periodic:.0%} of choices equal to the one {seen.k} before, "
        f"counts {sorted(seen.counts.values())} (uniform: p = {seen.p_uniform:.3g}). "
        + ("Strict rotation." if seen.rotates else "Independent random choice, no rotation."),
    )
    if cluster.mode == "ipvs":
        assert seen.rotates, f"expected was strict rotation: {seen}"
    else:
        assert seen.independent, f"expected were independent uniform draws: {seen}"
