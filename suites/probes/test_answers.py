"""The answers with which exec, TCP, HTTP and gRPC probes succeed."""

import json
import re
from pathlib import Path

import pytest

from harness.suite import ClaimRecorder, Kube, ManifestMaker, Waits, observe_within
from suites.probes.decisions import decide_answers

PROGRAM = Path(__file__).with_name("answers.py").read_text()
HEALTHY = ("exec-0", "grpc-serving", "http-200", "http-302-elsewhere", "http-302-to-200", "http-399", "tcp-open")
UNHEALTHY = (
    *("exec-1", "exec-too-slow", "grpc-unknown", "tcp-closed"),
    *("http-199", "http-302-to-500", "http-400", "http-500", "http-too-slow"),
)
EXPECTED = dict.fromkeys(HEALTHY, "ready") | dict.fromkeys(UNHEALTHY, "unhealthy")
"""For each container, the result of its probe according to the documentation."""


@pytest.mark.claim("8.1")
def test_probes_judge_answers_as_documented(
    kube: Kube, create: ManifestMaker, waits: Waits, namespace: str, claim: ClaimRecorder
) -> None:
    """A pod has one container for each kind of answer, and the container's readiness is its probe's result."""
    create("answers.yaml", program=json.dumps(PROGRAM))
    waits.wait_pod(namespace, "answers", "running", lambda pod: pod["status"]["phase"] == "Running", deadline_s=120)
    # Probes fail until container answers listens, so only the last sample counts.
    judged = observe_within(
        f"the documented result of each probe of pod {namespace}/answers",
        lambda: judgements(kube, namespace),
        lambda seen: seen == EXPECTED,
        within_s=60.0,
    )
    claim.record("8.1", decide_answers(judged.seen))
    judged.require()


def judgements(kube: Kube, namespace: str) -> dict[str, str]:
    """Return the probe's result for each container.

    "ready", or "unhealthy" once the kubelet has counted failed probes, or "unknown".
    """
    pod = kube.get(f"/api/v1/namespaces/{namespace}/pods/answers")
    # Events would miss results: the kubelet sends 25 for a pod and then one every five minutes.
    counted = kube.text(f"/api/v1/nodes/{pod['spec']['nodeName']}/proxy/metrics/probes")
    failed = set(
        re.findall(
            rf'^prober_probe_total{{container="([^"]+)",namespace="{namespace}",.*result="failed"', counted, re.M
        )
    )
    ready = {found["name"] for found in pod["status"]["containerStatuses"] if found["ready"]}
    return {name: "ready" if name in ready else "unhealthy" if name in failed else "unknown" for name in EXPECTED}
