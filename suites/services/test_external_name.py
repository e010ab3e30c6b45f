"""A Service of type ExternalName: an alias in DNS, with no rules in any kernel."""

import json

from harness.dataplane.services import service_path
from harness.suite import Client, ClientMaker, Kube, Request, ServiceAddress, ServiceMaker, Waits, wait_until

LOOK_UPS = 16
"""Look-ups that have to agree.

A DNS server caches an answer for its time to live, and each look-up reaches one of two servers. By chance one of the
two is not reached at all once in 32,768 times.
"""

LOOK_UP = (
    f"import json, socket, sys; print(json.dumps([socket.gethostbyname_ex(sys.argv[1]) for _ in range({LOOK_UPS})]))"
)


def test_an_external_name_is_an_alias_without_a_proxy(
    kube: Kube, waits: Waits, make_service: ServiceMaker, make_client: ClientMaker
) -> None:
    """A ClusterIP Service that becomes an ExternalName leaves every kernel and becomes an alias, and back again."""
    web = make_service("web", 1)
    (old,) = web.add_services("alias")
    name, path = web.dns_name.replace("web.", "alias.", 1), service_path(web.namespace, "alias")
    client = make_client("client")
    wait_resolved(client, name, name, old.address)

    external = kube.merge(path, {"spec": {"type": "ExternalName", "externalName": web.dns_name}})["spec"]
    assert "clusterIP" not in external, external
    web.wait_service_addresses(old, present=False)
    wait_resolved(client, name, web.dns_name, web.cluster_ip)
    (reply,) = client.send(Request(name, 80))
    assert reply.body in web.pods, reply

    internal = kube.merge(path, {"spec": {"type": "ClusterIP", "externalName": None}})["spec"]
    web.wait_service_addresses(ServiceAddress(internal["clusterIP"], 80), present=True)
    wait_resolved(client, name, name, internal["clusterIP"])
    (reply,) = client.send(Request(name, 80))
    assert reply.body in web.pods, reply


def wait_resolved(client: Client, name: str, canonical: str, address: str) -> None:
    """Wait until every DNS server resolves `name` to `canonical` and `address`. DNS follows the API with a delay."""

    def sample() -> list[tuple[str, list[str]]]:
        done = client.run("python3", "-c", LOOK_UP, f"{name}.")  # the dot skips the search list
        found = json.loads(done.stdout) if done.exit_code == 0 else [("", [], [])]
        return [(known_as, addresses) for known_as, _, addresses in found]

    wait_until(
        f"{name} resolved to {canonical} at {address} in {LOOK_UPS} look-ups",
        sample,
        lambda found: found == [(canonical, [address])] * LOOK_UPS,
        deadline_s=60.0,
    )
