"""The check that pods work on every node: a pod on each node becomes ready once it has resolved a name through DNS.

This requires, on each node, the pod network, kube-proxy's rules for the DNS Service, and CoreDNS. An init container
repeats the query until it succeeds. A readiness probe would start a program in a container every second, which would
leave an emulated host no CPU time to start CoreDNS.
"""

from __future__ import annotations

from typing import Any

NAME = "kubeproof-probe"
UNTIL_RESOLVED = "until nslookup kubernetes.default.svc.cluster.local; do sleep 1; done"


def dns_probe(image: str) -> dict[str, Any]:
    """Return a DaemonSet for all nodes, including the control plane."""
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
