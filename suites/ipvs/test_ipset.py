"""ipset in ipvs mode: sets change, the rules that use them stay."""

from difflib import unified_diff
from itertools import pairwise

import pytest

from harness.suite import (
    ClaimRecorder,
    ClientMaker,
    Cluster,
    DataPlane,
    Request,
    ServiceAddress,
    ServiceMaker,
    listed,
    steady_traffic,
)

CHANGES = 2
SPACING_S = 0.02


@pytest.mark.exclusive  # the first Service with an external address, or a node port, brings rules for its set
@pytest.mark.usefixtures("undisturbed")  # and with the last one they go
@pytest.mark.claim("1.3", "2.5")
def test_sets_change_under_traffic_and_rules_stay(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """Services come and go under steady traffic: set members change, rules stay to the byte, nothing is lost."""
    node = cluster.workers[0]
    web = make_service("web")
    client = make_client("client", node=node)
    # kube-proxy writes rules last, and one sync after the other: a front that is there tells that the sync which
    # brought the front before it is over.
    web.add_services("old")
    rules_before, sets_before = dataplane.rules_text(node), dataplane.rule_count(node).sets

    with steady_traffic(client, Request(web.cluster_ip, 80, spacing_s=SPACING_S)) as traffic:
        service_addresses: dict[str, ServiceAddress] = {}
        for name in (f"new-{number}" for number in range(CHANGES)):
            (service_addresses[name],) = web.add_services(name)
        rules_after, sets_after = dataplane.rules_text(node), dataplane.rule_count(node).sets
        web.remove_services(service_addresses)
        web.add_services("last")
    rules_at_last = dataplane.rules_text(node)

    lost = traffic.lost
    grown = {
        name: size - sets_before.get(name, 0) for name, size in sets_after.items() if size != sets_before.get(name)
    }
    unchanged = rules_before == rules_after == rules_at_last
    claim.decide(
        "1.3",
        unchanged and bool(grown),
        f"{CHANGES} Services were added and removed: the iptables rules "
        f"{'stayed equal to the byte' if unchanged else 'changed'}, sets grew meanwhile ({listed(grown)}).",
    )
    claim.decide(
        "2.5",
        bool(grown) and not lost and not traffic.delayed,
        f"Members were added to sets ({listed(grown)}) and removed again under traffic to another Service: "
        f"{traffic.summary}.",
    )
    assert unchanged, rules_changed(rules_before, rules_after, rules_at_last)
    assert grown
    assert not lost, f"{len(lost)} of {len(traffic.replies)} connections lost: {lost[0]}"
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"


def rules_changed(*texts: str) -> str:
    """What each text has that the one before it has not, and the other way round."""
    changes = (unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0) for old, new in pairwise(texts))
    return "\n".join(line for change in changes for line in change)
