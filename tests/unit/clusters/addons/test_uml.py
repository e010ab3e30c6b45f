from ipaddress import IPv4Network

import yaml

from clusters.addons.uml import KERNEL_DIRECTORY, SOCKET, director_manifests
from clusters.spec import Mode

PRINTED = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: kube-proxy, namespace: kube-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    kind: KubeProxyConfiguration
    mode: ""
    iptables: {minSyncPeriod: 0s}
    ipvs: {scheduler: ""}
    conntrack: {maxPerCore: null}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  template:
    spec:
      hostNetwork: true
      containers:
      - name: kube-proxy
        image: registry.k8s.io/kube-proxy:v1.37.2
        command: [/usr/local/bin/kube-proxy]
        securityContext: {privileged: true}
        env: [{name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        volumeMounts:
        - {name: kube-proxy, mountPath: /var/lib/kube-proxy}
        - {name: xtables-lock, mountPath: /run/xtables.lock}
        - {name: lib-modules, mountPath: /lib/modules}
      volumes:
      - {name: kube-proxy, configMap: {name: kube-proxy}}
      - {name: xtables-lock, hostPath: {path: /run/xtables.lock}}
      - {name: lib-modules, hostPath: {path: /lib/modules}}
"""


def adapted():
    documents = director_manifests(PRINTED, "director:1", Mode.IPVS, "lc", "10.96.0.0/16")
    return {document["kind"]: document for document in documents}


def test_the_mode_and_the_scheduler_are_set_in_kube_proxys_configuration():
    config = yaml.safe_load(adapted()["ConfigMap"]["data"]["config.conf"])
    assert (config["mode"], config["ipvs"]["scheduler"]) == ("ipvs", "lc")


def test_node_ports_are_served_at_the_guests_address_in_every_mode():
    config = yaml.safe_load(adapted()["ConfigMap"]["data"]["config.conf"])
    assert "169.254.77.2" in {str(host) for host in IPv4Network(*config["nodePortAddresses"]).hosts()}


def test_the_director_replaces_kube_proxy_and_has_probes_for_the_first_sync():
    (container,) = adapted()["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "director:1"
    assert "command" not in container
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["exec"]["command"] == ["director", "ready"]
    assert {"name": "SERVICE_CIDR", "value": "10.96.0.0/16"} in container["env"]


def test_the_guest_gets_a_memory_volume_and_no_volume_of_the_nodes_kernel():
    pod = adapted()["DaemonSet"]["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["kube-proxy", "guest-memory", "director", "kernel"]
    assert [mount["name"] for mount in pod["containers"][0]["volumeMounts"]] == [
        "kube-proxy",
        "guest-memory",
        "director",
        "kernel",
    ]


def test_the_directors_socket_has_the_same_path_on_the_node_and_in_its_pod():
    pod = adapted()["DaemonSet"]["spec"]["template"]["spec"]
    (mount,) = (mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "director")
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "director")
    assert mount["mountPath"] == volume["hostPath"]["path"]
    assert SOCKET.startswith(f"{mount['mountPath']}/")


def test_the_guests_own_kernel_comes_from_a_directory_of_the_node_that_may_be_empty():
    pod = adapted()["DaemonSet"]["spec"]["template"]["spec"]
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "kernel")
    assert volume["hostPath"] == {"path": KERNEL_DIRECTORY, "type": "DirectoryOrCreate"}


def test_the_guest_has_a_cpu_request():
    (container,) = adapted()["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "250m"}}


def test_kubeadms_other_manifests_are_unchanged():
    assert adapted()["ServiceAccount"]["metadata"]["name"] == "kube-proxy"
