"""Locust's workers: pods on one node that run our programs and connect to a master."""

from __future__ import annotations

from typing import Any

from harness.kube.objects.workloads import RESOURCES, on_node, pod_spec
from harness.load.master import PROCESSES

PACKAGE = "kubeproof_load"
FOLDER = "/programs"


def worker_pods(
    image: str, name: str, *, node: str, workers: int, master: tuple[str, int]
) -> tuple[dict[str, Any], ...]:
    """Return a ConfigMap with the programs and a Deployment of `workers` pods, which replaces a pod that is lost."""
    labels = {"load": name}
    container = {
        "name": "locust",
        "image": image,
        "command": ["python3", "-m", f"{PACKAGE}.worker", master[0], str(master[1])],
        "env": [{"name": "PYTHONPATH", "value": FOLDER}],
        "resources": RESOURCES,
        "volumeMounts": [{"name": "programs", "mountPath": f"{FOLDER}/{PACKAGE}"}],
    }
    programs = {file.name: file.read_text() for file in sorted((PROCESSES / PACKAGE).glob("*.py"))}
    template = pod_spec(container, volumes=[{"name": "programs", "configMap": {"name": name}}], **on_node(node))
    return (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": programs},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": workers,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": template},
            },
        },
    )
