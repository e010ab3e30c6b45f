"""ipset in ipvs mode: the members of sets change, the rules that use them do not."""

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
    list_of,
    steady_traffic,
)

CHANGES = 2
SPACING_S = 0.02


@pytest.mark.exclusive  # another case's first Service with an external address or node port adds rules for its set
@pytest.mark.usefixtures("undisturbed")  # and removing the last one removes them
@pytest.mark.claim("1.3", "2.5")
def test_sets_change_under_traffic_and_rules_stay(
    cluster: Cluster,
    make_service: ServiceMaker,
    make_client: ClientMaker,
    dataplane: DataPlane,
    claim: ClaimRecorder,
) -> None:
    """While Services are added and removed under steady traffic, sets change, rules stay, no connection is lost."""
    node = cluster.workers[0]
    web = make_service("web")
    client = make_client("client", node=node)
    # kube-proxy writes rules last, and its syncs do not overlap. A service address in the kernel therefore shows that
    # the sync of the one before it is complete.
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
        f"On node {node.name}, while {CHANGES} Services were added and removed, the text of the iptables rules "
        f"{'did not change' if unchanged else 'changed'}. Members added to sets: {list_of(grown) or 'none'}.",
    )
    claim.decide(
        "2.5",
        bool(grown) and not lost and not traffic.delayed,
        f"On node {node.name}, while members were added to sets ({list_of(grown) or 'none'}) and removed again under "
        f"traffic to another Service, {traffic.summary}.",
    )
    assert unchanged, rules_changed(rules_before, rules_after, rules_at_last)
    assert grown, f"no set of node {node.name} grew: {sets_before}, {sets_after}"
    assert not lost, f"{len(lost)} of {len(traffic.replies)} connections lost: {lost[0]}"
    assert not traffic.delayed, f"first packets were lost: {traffic.summary}: {traffic.delayed[0]}"


def rules_changed(*texts: str) -> str:
    """Return the lines by which each text differs from the one before it, as a unified diff."""
    changes = (unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0) for old, new in pairwise(texts))
    return "\n".join(line for change in changes for line in change)
