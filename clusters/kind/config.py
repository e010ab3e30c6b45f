"""The configuration with which kind creates a cluster."""

from __future__ import annotations

from typing import Any

import yaml

from clusters.host.patience import DEFAULT, Patience
from clusters.images.lock import KubernetesRelease, Lock
from clusters.kind.periods import Component, arguments, kubelet_settings
from clusters.kind.program.fit import GROUP, V1BETA3, V1BETA4
from clusters.spec import ClusterSpec, Source, Substrate

POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
CREATE_TIMEOUT_S = 600.0
"""The time limit of `kind create cluster` on an ordinary host; the engine's patience multiplies it."""

KUBEADM_SHARE = 0.5
"""The share of `CREATE_TIMEOUT_S` that a single wait of kubeadm may take. So kubeadm fails, and reports its phase,
before kind is ended. With the usual limit no wait is shorter than kubeadm's default of 1 to 5 minutes."""


LEASE_S = {"lease-duration": 15, "renew-deadline": 10, "retry-period": 2}
"""Kubernetes' defaults for leader election. A leader that cannot renew its lease within the `renew-deadline` exits, and
the kubelet restarts it."""


def kind_config(
    spec: ClusterSpec, lock: Lock, release: KubernetesRelease, cgroup_version: str, patience: Patience
) -> str:
    """Return the YAML that `kind create cluster --config` reads. `patience` is the patience for this host."""
    built = spec.source is Source.BUILT
    patches: list[dict[str, Any]] = [_kube_proxy(spec)]
    if built:
        patches.append(_component_versions(lock, release))
    patches.append(_kubelet(cgroup_version, patience))
    patches += _kubeadm_timeouts(patience.seconds(CREATE_TIMEOUT_S) * KUBEADM_SHARE)
    patches += _control_plane_arguments(patience)
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {
                # On substrate uml the director replaces kube-proxy, and the node's own kernel must never
                # contain kube-proxy's rules.
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
        # In ipvs mode every node has every LoadBalancer address on an interface, but only the node that MetalLB chose
        # may answer ARP for it: https://metallb.universe.tf/installation/#preparation. On uml only the guest has them.
        ipvs["strictARP"] = True
    return {"kind": "KubeProxyConfiguration", "ipvs": ipvs}


def _component_versions(lock: Lock, release: KubernetesRelease) -> dict[str, Any]:
    """Return the patch with the versions of CoreDNS and etcd in the node image, which kubeadm may not expect."""
    return {
        "kind": "ClusterConfiguration",
        "dns": {"imageTag": f"v{lock.coredns}"},
        "etcd": {"local": {"imageTag": f"{release.etcd}-0"}},
    }


def _kubeadm_timeouts(each_s: float) -> list[dict[str, Any]]:
    """Return the patches that set each of kubeadm's time limits to `each_s` seconds.

    These are limits for the kubelet, the control plane, and one call to the API server or to etcd:
    https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-Timeouts
    kind applies a patch only to documents of the same API version. v1beta3, which kind writes for Kubernetes before
    1.36, has only one of these settings; there kubeadm uses fixed limits for the others.
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


def _control_plane_arguments(patience: Patience) -> list[dict[str, Any]]:
    """Return the patches with the arguments of the controller manager and the scheduler.

    A patch replaces the complete list of v1beta4, so the list repeats the argument that kind itself sets.
    """
    leases = _leases(patience)
    periods = arguments(Component.CONTROLLER_MANAGER, patience)
    mappings = {"controllerManager": {"enable-hostpath-provisioner": "true", **periods, **leases}}
    if leases:
        mappings["scheduler"] = leases
    lists = {
        component: [{"name": name, "value": value} for name, value in values.items()]
        for component, values in mappings.items()
    }
    return [
        {
            "apiVersion": f"{GROUP}/{version}",
            "kind": "ClusterConfiguration",
            **{component: {"extraArgs": values} for component, values in components.items()},
        }
        for version, components in ((V1BETA4, lists), (V1BETA3, mappings))
    ]


def _leases(patience: Patience) -> dict[str, str]:
    """Return the arguments that multiply the times of leader election by the patience; none if its factor is 1.

    On a slow host leaders would otherwise lose their leases and restart again and again.
    """
    if patience == DEFAULT:
        return {}
    return {f"leader-elect-{name}": f"{patience.seconds(limit_s):.0f}s" for name, limit_s in LEASE_S.items()}


def _kubelet(cgroup_version: str, patience: Patience) -> dict[str, Any]:
    kubelet: dict[str, Any] = {"kind": "KubeletConfiguration", **kubelet_settings(patience)}
    if cgroup_version == "1":
        kubelet |= {"failCgroupV1": False, "cgroupDriver": "cgroupfs"}
    return kubelet
