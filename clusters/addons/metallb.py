"""MetalLB in layer 2 mode: it gives an address of the container network to each Service of Kubeproof's class.

See https://metallb.universe.tf/concepts/layer2/, and https://metallb.universe.tf/installation/ for its permissions.
MetalLB handles Services of `LB_CLASS` only, so that cases can handle other Services themselves. Its webhooks, which
validate manifests of users, are off, because only Kubeproof creates these objects.

Its custom resources are defined with a schema that accepts everything. MetalLB's own schemas are in its Go module,
which a host that pulls all images does not have. MetalLB validates the objects again when it reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from clusters.addons.guard import UPLINK
from clusters.addons.objects import Account, add_on_pod, custom_resource, named, namespace, workload
from clusters.errors import HostUnfit

NAMESPACE = "metallb-system"
LB_CLASS = "kubeproof.io/metallb"
CONTROLLER, SPEAKER = "controller", "speaker"

ADDRESSES_ANNOTATION = "metallb.io/loadBalancerIPs"
"""The annotation of a Service with the address that it requests."""

GROUP = "metallb.io"
RESOURCES = (
    ("bfdprofiles", "BFDProfile", "v1beta1"),
    ("bgpadvertisements", "BGPAdvertisement", "v1beta1"),
    ("bgppeers", "BGPPeer", "v1beta1", "v1beta2"),
    ("communities", "Community", "v1beta1"),
    ("ipaddresspools", "IPAddressPool", "v1beta1"),
    ("l2advertisements", "L2Advertisement", "v1beta1"),
    ("servicebgpstatuses", "ServiceBGPStatus", "v1beta1"),
    ("servicel2statuses", "ServiceL2Status", "v1beta1"),
)
"""The custom resources that MetalLB watches, used here or not, in the versions that it requests."""

READ = ["get", "list", "watch"]
METRICS_PORT = 7472


@dataclass(frozen=True, slots=True)
class Pools:
    """The addresses for Services: `automatic` for those that request any, `reserved` for those that name one."""

    automatic: tuple[IPv4Address, ...]
    reserved: tuple[IPv4Address, ...]

    @classmethod
    def of(cls, network: IPv4Network) -> Pools:
        """Return pools near the upper end of a network. Raises `HostUnfit` if it has fewer than 256 addresses.

        The engine assigns addresses from the lower end, and outside clients use some at the very end.
        """
        if network.num_addresses < 256:
            raise HostUnfit(
                f"container network {network} has {network.num_addresses} addresses, expected at least 256",
                remedy="set larger networks by default-address-pools in the engine's configuration",
            )
        last = network.broadcast_address
        automatic = tuple(last - number for number in range(191, 127, -1))
        return cls(automatic, tuple(last - number for number in range(127, 119, -1)))


def metallb(controller: str, speaker: str, pools: Pools) -> tuple[dict[str, Any], ...]:
    """Return all manifests, definitions of custom resources first and custom resources last."""
    return (
        *(custom_resource(GROUP, *resource) for resource in RESOURCES),
        # Speakers run in their node's network namespace and send ARP frames.
        namespace(NAMESPACE, privileged=True),
        *_controller_account().manifests(),
        *_speaker_account().manifests(),
        _controller(controller),
        _speakers(speaker),
        _pool("automatic", pools.automatic, auto_assign=True),
        _pool("reserved", pools.reserved, auto_assign=False),
        {
            **named(f"{GROUP}/v1beta1", "L2Advertisement", "uplink", NAMESPACE),
            # Outside clients send ARP requests to this interface; a node's other interfaces lead to its pods.
            "spec": {"interfaces": [UPLINK]},
        },
    )


def probe() -> dict[str, Any]:
    """Return a Service that requests any address, to check that MetalLB assigns one."""
    return {
        **named("v1", "Service", "probe", NAMESPACE),
        "spec": {"type": "LoadBalancer", "loadBalancerClass": LB_CLASS, "ports": [{"name": "none", "port": 80}]},
    }


def given_address(service: dict[str, Any]) -> str | None:
    """Return the IP address that a load balancer has written into a Service's status, or None."""
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return str(ingress[0]["ip"]) if ingress and "ip" in ingress[0] else None


def _pool(name: str, addresses: tuple[IPv4Address, ...], *, auto_assign: bool) -> dict[str, Any]:
    return {
        **named(f"{GROUP}/v1beta1", "IPAddressPool", name, NAMESPACE),
        "spec": {"addresses": [f"{addresses[0]}-{addresses[-1]}"], "autoAssign": auto_assign},
    }


def _controller_account() -> Account:
    return Account(
        f"metallb-{CONTROLLER}",
        NAMESPACE,
        everywhere=(
            ("", ["services", "namespaces", "nodes"], READ),
            ("", ["services/status"], ["update"]),
            ("", ["events"], ["create", "patch"]),
        ),
        here=(
            (GROUP, ["ipaddresspools", "communities"], READ),
            (GROUP, ["ipaddresspools/status"], ["update"]),
        ),
    )


def _speaker_account() -> Account:
    return Account(
        f"metallb-{SPEAKER}",
        NAMESPACE,
        everywhere=(
            ("", ["services", "namespaces", "nodes"], READ),
            ("discovery.k8s.io", ["endpointslices"], READ),
            ("", ["events"], ["create", "patch"]),
            # MetalLB reads these statuses in all namespaces.
            (GROUP, ["servicel2statuses", "servicebgpstatuses"], ["*"]),
            (GROUP, ["servicel2statuses/status", "servicebgpstatuses/status"], ["*"]),
        ),
        here=(
            ("", ["pods", "secrets", "configmaps"], READ),
            (GROUP, ["*"], READ),
        ),
    )


def _controller(image: str) -> dict[str, Any]:
    container = {
        "name": CONTROLLER,
        "image": image,
        "args": [f"--port={METRICS_PORT}", f"--lb-class={LB_CLASS}", "--webhook-mode=disabled"],
        "env": [_from_field("METALLB_NAMESPACE", "metadata.namespace")],
    }
    return _workload("Deployment", CONTROLLER, container)


def _speakers(image: str) -> dict[str, Any]:
    """Return the DaemonSet of speakers. They find each other by gossip, so that another node replaces a lost one."""
    container = {
        "name": SPEAKER,
        "image": image,
        "args": [f"--port={METRICS_PORT}", f"--lb-class={LB_CLASS}"],
        "env": [
            _from_field("METALLB_NAMESPACE", "metadata.namespace"),
            _from_field("METALLB_NODE_NAME", "spec.nodeName"),
            _from_field("METALLB_POD_NAME", "metadata.name"),
            _from_field("METALLB_HOST", "status.hostIP"),
            _from_field("METALLB_ML_BIND_ADDR", "status.podIP"),
            {"name": "METALLB_ML_LABELS", "value": f"app=metallb,component={SPEAKER}"},
        ],
        "securityContext": {"capabilities": {"add": ["NET_RAW"]}},
    }
    return _workload("DaemonSet", SPEAKER, container, hostNetwork=True, terminationGracePeriodSeconds=2)


def _workload(kind: str, name: str, container: dict[str, Any], **fields: Any) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/metrics", "port": METRICS_PORT}, "periodSeconds": 1}
    probed = {**container, "readinessProbe": probe}
    pod = add_on_pod(f"metallb-{name}", probed, every_node=kind == "DaemonSet", **fields)
    return workload(kind, name, NAMESPACE, {"app": "metallb", "component": name}, pod)


def _from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
