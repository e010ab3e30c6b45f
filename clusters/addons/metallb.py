"""MetalLB in layer 2 mode: an address of the container network for each Service of our class.

What it is and may do: https://metallb.universe.tf/concepts/layer2/ and /installation/. It takes Services of
`LB_CLASS` only, so one whose case plays the balancer itself is left alone. Its webhooks, which check what
people write, are off: nobody but us writes here.

Its custom resources get an open schema of ours. MetalLB's own is in its Go module, which a host that pulls
all images never has; and what the schema would check, MetalLB checks again when it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from clusters.addons.guard import UPLINK
from clusters.addons.objects import Account, custom_resource, named, namespace
from clusters.errors import HostUnfit

NAMESPACE = "metallb-system"
LB_CLASS = "kubeproof.io/metallb"
CONTROLLER, SPEAKER = "controller", "speaker"

ADDRESSES_ANNOTATION = "metallb.io/loadBalancerIPs"
"""On a Service: the address that it asks for."""

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
"""What it watches, used here or not, in the versions that it asks for."""

READ = ["get", "list", "watch"]
METRICS_PORT = 7472


@dataclass(frozen=True, slots=True)
class Pools:
    """Addresses to give away: `automatic` to whoever asks for any, `reserved` to who asks for one by name."""

    automatic: tuple[IPv4Address, ...]
    reserved: tuple[IPv4Address, ...]

    @classmethod
    def of(cls, network: IPv4Network) -> Pools:
        """Near the upper end of a container network. Raises `HostUnfit` if that has fewer than 256 addresses.

        The engine gives addresses from the lower end on, and outside clients take more from the very end.
        """
        if network.num_addresses < 256:
            raise HostUnfit(
                f"container network {network} has {network.num_addresses} addresses, wanted are 256",
                remedy="default-address-pools in the engine's configuration makes networks larger",
            )
        last = network.broadcast_address
        automatic = tuple(last - number for number in range(191, 127, -1))
        return cls(automatic, tuple(last - number for number in range(127, 119, -1)))


def metallb(controller: str, speaker: str, pools: Pools) -> tuple[dict[str, Any], ...]:
    """All manifests, those of custom resources last."""
    return (
        *(custom_resource(GROUP, *resource) for resource in RESOURCES),
        # Speakers live in their node's network and send frames of their own.
        namespace(NAMESPACE, privileged=True),
        *_controller_account().manifests(),
        *_speaker_account().manifests(),
        _controller(controller),
        _speakers(speaker),
        _pool("automatic", pools.automatic, auto_assign=True),
        _pool("reserved", pools.reserved, auto_assign=False),
        {
            **named(f"{GROUP}/v1beta1", "L2Advertisement", "uplink", NAMESPACE),
            # Neighbours ask there; the other devices of a node lead to its pods.
            "spec": {"interfaces": [UPLINK]},
        },
    )


def probe() -> dict[str, Any]:
    """A Service that asks for any address, to see one given."""
    return {
        **named("v1", "Service", "probe", NAMESPACE),
        "spec": {"type": "LoadBalancer", "loadBalancerClass": LB_CLASS, "ports": [{"name": "none", "port": 80}]},
    }


def given_address(service: dict[str, Any]) -> str | None:
    """The address that a balancer has written into a Service's status."""
    given = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return str(given[0]["ip"]) if given and "ip" in given[0] else None


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
            # Statuses are looked for in all namespaces.
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
    """One on every node. They know of each other by gossip, so a lost node's addresses go to another."""
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
    labels = {"app": "metallb", "component": name}
    probe = {"httpGet": {"path": "/metrics", "port": METRICS_PORT}, "periodSeconds": 1}
    return {
        **named("apps/v1", kind, name, NAMESPACE),
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": f"metallb-{name}",
                    "priorityClassName": "system-cluster-critical",
                    # The controller stays where no case drives pods away; speakers are on every node.
                    **({} if kind == "DaemonSet" else {"nodeSelector": {"node-role.kubernetes.io/control-plane": ""}}),
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [{**container, "readinessProbe": probe}],
                    **fields,
                },
            },
        },
    }


def _from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
