"""The proof that pods work on every node: a pod there is ready once it has resolved a name through DNS.

That takes the pod network, the proxy's path to the DNS Service, and CoreDNS, on each node by itself. An init container
asks again and again. A readiness probe would start a program in a container each second, by which an emulated host
has no time left for CoreDNS to start.
"""

from __future__ import annotations

from typing import Any

NAME = "kubeproof-probe"
UNTIL_RESOLVED = "until nslookup kubernetes.default.svc.cluster.local; do sleep 1; done"


def dns_probe(image: str) -> dict[str, Any]:
    """A DaemonSet on all nodes, control plane included."""
    labels = {"app": NAME}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": "kube-system", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "tolerations": [{"operator": "Exists"}],
                    "terminationGracePeriodSeconds": 0,
                    "enableServiceLinks": False,
                    "automountServiceAccountToken": False,
                    "initContainers": [{"name": "resolve", "image": image, "command": ["sh", "-c", UNTIL_RESOLVED]}],
                    "containers": [{"name": "probe", "image": image, "args": ["pause"]}],
                },
            },
        },
    }
