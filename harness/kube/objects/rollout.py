"""Updates of Deployments."""

from __future__ import annotations

from harness.kube.client import Kube

ANNOTATION = "io.kubeproof/revision"


def update_template(kube: Kube, namespace: str, deployment: str, revision: str | None) -> None:
    """Change an annotation of the Deployment's pod template, which starts a rollout; None removes the annotation."""
    annotations = {"metadata": {"annotations": {ANNOTATION: revision}}}
    kube.merge(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}", {"spec": {"template": annotations}})
