import json
import subprocess

import pytest

from clusters.addons.guard import GuardCount, guard_rules, read_guard_count
from clusters.addons.network import CNI_FILE, GUARD_FILE, UNIT, NodeNetwork, cni_config, setup_script, unit

NODES = ("172.18.0.2", "172.18.0.3")


def rules(masquerade=True):
    return guard_rules(
        "172.18.0.0/16", NODES, ("10.244.1.0/24",), "10.244.0.0/16", "10.96.0.0/16", masquerade=masquerade
    )


def test_pods_reach_the_cluster_network_and_the_pods_of_other_nodes_only():
    wanted = 'oifname "eth0" ip daddr != { 172.18.0.0/16, 10.244.1.0/24 } counter name forwarded_dropped drop'
    assert wanted in rules()


def test_what_is_still_addressed_to_a_service_or_documentation_network_never_leaves():
    virtual = "{ 10.96.0.0/16, 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 }"
    assert f'oifname "eth0" ip daddr {virtual} counter name own_dropped drop' in rules()


def test_the_guard_names_no_set_on_which_an_older_nft_of_kube_proxy_would_crash():
    assert not [line for line in rules().splitlines() if line.split()[:1] in (["set"], ["map"])]


def test_loading_again_replaces_the_rules():
    first, second, third = rules().splitlines()[:3]
    assert (first, second, third) == (
        "table inet kubeproof",
        "delete table inet kubeproof",
        "table inet kubeproof {",
    )


def test_pods_keep_their_addresses_where_the_pod_network_hides_them_itself():
    assert "masquerade" in rules()
    assert "masquerade" not in rules(masquerade=False)


def test_the_counters_are_read_by_name():
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


def test_a_node_without_the_guard_is_not_taken_for_one_that_dropped_nothing():
    with pytest.raises(ValueError, match="counters are missing"):
        read_guard_count(json.dumps({"nftables": []}))


def test_the_unit_loads_the_guard_before_the_kubelet_starts():
    text = unit((NodeNetwork("b", "172.18.0.3", "10.244.1.0/24"),))
    assert "Before=kubelet.service" in text
    assert "ip route replace 10.244.1.0/24 via 172.18.0.3" in text


def test_pods_get_addresses_of_their_nodes_share():
    assert json.loads(cni_config("10.244.1.0/24"))["plugins"][0]["ipam"]["ranges"] == [[{"subnet": "10.244.1.0/24"}]]


def test_a_node_has_its_guard_before_its_pods_have_a_network():
    script = setup_script("the guard", "the unit", "the network")
    assert script.index(GUARD_FILE) < script.index("systemctl enable --now") < script.index(CNI_FILE)


def test_a_setup_script_writes_what_it_was_given(tmp_path):
    guard, unit_file = tmp_path / "guard", tmp_path / "unit"
    script = setup_script("a $HOME\n'b'", "[Unit]", None)
    script = script.replace(GUARD_FILE, str(guard)).replace(f"/etc/systemd/system/{UNIT}", str(unit_file))
    subprocess.run(["bash", "-eu"], input=script.replace("systemctl", "true"), text=True, check=True)
    assert guard.read_text() == "a $HOME\n'b'\n"
    assert unit_file.read_text() == "[Unit]\n"
