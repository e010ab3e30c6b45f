"""kind's configuration of a cluster, from its spec."""

from __future__ import annotations

from typing import Any

import yaml

from clusters.images.lock import KubernetesRelease, Lock
from clusters.kind.fit import GROUP, V1BETA3, V1BETA4
from clusters.patience import DEFAULT, Patience
from clusters.spec import ClusterSpec, Source, Substrate

POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
CREATE_TIMEOUT_S = 600.0
"""For `kind create cluster` on an ordinary host; a patient engine allows more."""

KUBEADM_SHARE = 0.5
"""How much of the time for the whole creation one wait of kubeadm may take: it fails before kind is ended, and says
where it stood. With the usual limit that is no less than any of kubeadm's own defaults, of 1 to 5 minutes."""


LEASE_S = {"lease-duration": 15, "renew-deadline": 10, "retry-period": 2}
"""Kubernetes' own: a leader that could not renew its lease within the second ends, and the kubelet starts it again."""


def kind_config(
    spec: ClusterSpec, lock: Lock, release: KubernetesRelease, cgroup_version: str, patience: Patience
) -> str:
    """The YAML that `kind create cluster --config` reads. `patience` is that of its host."""
    built = spec.source is Source.BUILT
    patches: list[dict[str, Any]] = [_kube_proxy(spec)]
    if built:
        patches.append(_component_versions(lock, release))
    patches.append(_kubelet(cgroup_version))
    patches += _kubeadm_timeouts(patience.seconds(CREATE_TIMEOUT_S) * KUBEADM_SHARE)
    patches += _leases(patience)
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {
                # On substrate uml the director comes in kube-proxy's place, and the node's own kernel
                # must not have held its rules even for a moment.
                "kubeProxyMode": "none" if spec.substrate is Substrate.UML else str(spec.mode),
                "disableDefaultCNI": built,
                "apiServerAddress": "127.0.0.1",
                "podSubnet": POD_CIDR,
                "serviceSubnet": SERVICE_CIDR,
            },
            "nodes": [{"role": "control-plane"}] * spec.control_planes + [{"role": "worker"}] * spec.workers,
            "kubeadmConfigPatches": [yaml.safe_dump(patch) for patch in patches],
        },
        sort_keys=False,
    )


def _kube_proxy(spec: ClusterSpec) -> dict[str, Any]:
    ipvs: dict[str, Any] = {"scheduler": spec.ipvs_scheduler}
    if spec.substrate is Substrate.HOST:
        # Every node holds every LoadBalancer address, and only that which MetalLB chose may answer for it:
        # https://metallb.universe.tf/installation/#preparation. Beside a guest no node holds any.
        ipvs["strictARP"] = True
    return {"kind": "KubeProxyConfiguration", "ipvs": ipvs}


def _component_versions(lock: Lock, release: KubernetesRelease) -> dict[str, Any]:
    """Say which CoreDNS and etcd the node image really holds, instead of what kubeadm would expect."""
    return {
        "kind": "ClusterConfiguration",
        "dns": {"imageTag": f"v{lock.coredns}"},
        "etcd": {"local": {"imageTag": f"{release.etcd}-0"}},
    }


def _kubeadm_timeouts(each_s: float) -> list[dict[str, Any]]:
    """How long kubeadm waits: for the kubelet, for the control plane, for one answer of the API server or of etcd.

    https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-Timeouts
    kind applies a patch to documents of its own version only. v1beta3, which it writes for Kubernetes before 1.36,
    knows one of these alone; there kubeadm gives the others the time that it has fixed.
    """
    duration = f"{each_s:.0f}s"
    waits = ("kubeletHealthCheck", "controlPlaneComponentHealthCheck", "kubernetesAPICall", "etcdAPICall")
    waits_of_joining = ("discovery", "tlsBootstrap")
    timeouts = dict.fromkeys(waits + waits_of_joining, duration)
    return [
        *(
            {"apiVersion": f"{GROUP}/{V1BETA4}", "kind": kind, "timeouts": timeouts}
            for kind in ("InitConfiguration", "JoinConfiguration")
        ),
        {
            "apiVersion": f"{GROUP}/{V1BETA3}",
            "kind": "ClusterConfiguration",
            "apiServer": {"timeoutForControlPlane": duration},
        },
    ]


def _leases(patience: Patience) -> list[dict[str, Any]]:
    """Leases as much longer as deadlines are. On a slow host leaders would lose theirs and end again and again.

    kind's patches replace the list of v1beta4 as a whole, and so it repeats what kind itself has in it.
    """
    if patience == DEFAULT:
        return []
    of_leaders = {f"leader-elect-{name}": f"{patience.seconds(limit_s):.0f}s" for name, limit_s in LEASE_S.items()}
    arguments = {"controllerManager": {"enable-hostpath-provisioner": "true", **of_leaders}, "scheduler": of_leaders}
    listed = {
        component: [{"name": name, "value": value} for name, value in given.items()]
        for component, given in arguments.items()
    }
    return [
        {
            "apiVersion": f"{GROUP}/{version}",
            "kind": "ClusterConfiguration",
            **{component: {"extraArgs": given} for component, given in arguments_of.items()},
        }
        for version, arguments_of in ((V1BETA4, listed), (V1BETA3, arguments))
    ]


def _kubelet(cgroup_version: str) -> dict[str, Any]:
    kubelet: dict[str, Any] = {"kind": "KubeletConfiguration"}
    if cgroup_version == "1":
        kubelet |= {"failCgroupV1": False, "cgroupDriver": "cgroupfs"}
    return kubelet
