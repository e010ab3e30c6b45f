import json
import subprocess

import pytest

from clusters.addons.guard import GuardCount, guard_rules, read_guard_count
from clusters.addons.network import CNI_FILE, GUARD_FILE, UNIT, NodeNetwork, cni_config, setup_script, unit
from clusters.errors import ClusterNotReady

NODES = ("172.18.0.2", "172.18.0.3")


def rules(masquerade=True):
    return guard_rules(
        "172.18.0.0/16", NODES, ("10.244.1.0/24",), "10.244.0.0/16", "10.96.0.0/16", masquerade=masquerade
    )


def test_pods_reach_only_the_cluster_network_and_the_pods_of_other_nodes():
    expected = 'oifname "eth0" ip daddr != { 172.18.0.0/16, 10.244.1.0/24 } counter name forwarded_dropped drop'
    assert expected in rules()


def test_packets_to_a_service_or_a_documentation_network_are_dropped_at_the_uplink():
    virtual = "{ 10.96.0.0/16, 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 }"
    assert f'oifname "eth0" ip daddr {virtual} counter name own_dropped drop' in rules()


def test_the_guard_has_no_named_set_or_map():
    """An older nft in kube-proxy's image would crash on them."""
    assert not [line for line in rules().splitlines() if line.split()[:1] in (["set"], ["map"])]


def test_loading_again_replaces_the_rules():
    first, second, third = rules().splitlines()[:3]
    assert (first, second, third) == (
        "table inet kubeproof",
        "delete table inet kubeproof",
        "table inet kubeproof {",
    )


def test_the_guard_masquerades_pods_only_if_the_pod_network_does_not():
    assert "masquerade" in rules()
    assert "masquerade" not in rules(masquerade=False)


def test_the_counters_are_read_by_their_names():
    listing = json.dumps(
        {
            "nftables": [
                {"metainfo": {}},
                {"counter": {"name": "forwarded_dropped", "packets": 3, "bytes": 180}},
                {"counter": {"name": "own_dropped", "packets": 1, "bytes": 60}},
            ]
        }
    )
    assert read_guard_count(listing) == GuardCount(forwarded=3, own=1)


def test_missing_counters_are_an_error_and_not_zero():
    with pytest.raises(ClusterNotReady, match="counters are missing"):
        read_guard_count(json.dumps({"nftables": []}))


@pytest.mark.parametrize("listing", ["", "Error: No such table", "{}", '{"nftables": [{"counter": {}}]}'])
def test_counters_that_cannot_be_read_are_an_error(listing):
    with pytest.raises(ClusterNotReady, match="counters are unreadable"):
        read_guard_count(listing)


def test_the_unit_loads_the_guard_before_the_kubelet_starts():
    text = unit((NodeNetwork("b", "172.18.0.3", "10.244.1.0/24"),))
    assert "Before=kubelet.service" in text
    assert "ip route replace 10.244.1.0/24 via 172.18.0.3" in text


def test_pods_get_addresses_from_their_nodes_pod_cidr():
    assert json.loads(cni_config("10.244.1.0/24"))["plugins"][0]["ipam"]["ranges"] == [[{"subnet": "10.244.1.0/24"}]]


def test_the_guard_is_loaded_before_the_pod_network_is_configured():
    script = setup_script("the guard", "the unit", "the network")
    assert script.index(GUARD_FILE) < script.index("systemctl enable --now") < script.index(CNI_FILE)


def test_a_setup_script_writes_its_files_unchanged(tmp_path):
    guard, unit_file = tmp_path / "guard", tmp_path / "unit"
    script = setup_script("a $HOME\n'b'", "[Unit]", None)
    script = script.replace(GUARD_FILE, str(guard)).replace(f"/etc/systemd/system/{UNIT}", str(unit_file))
    subprocess.run(["bash", "-eu"], input=script.replace("systemctl", "true"), text=True, check=True)
    assert guard.read_text() == "a $HOME\n'b'\n"
    assert unit_file.read_text() == "[Unit]\n"
