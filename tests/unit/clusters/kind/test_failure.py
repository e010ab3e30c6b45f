"""Tests of the messages about failures of kind and kubeadm, with the outputs of kind 0.33.0 and kubeadm 1.37.2."""

import pytest

from clusters.errors import CommandFailed
from clusters.kind.failure import kind_error, may_be_slow

STEPS = """\
Creating cluster "x" ...
 • Ensuring node image (node) 🖼️  ...
WARNING: Overriding docker network due to KIND_EXPERIMENTAL_DOCKER_NETWORK
WARNING: Here be dragons! This is not supported currently.
 ✓ Ensuring node image (node) 🖼️
 • Preparing nodes 📦 📦   ...
"""
INIT = (
    'failed to create cluster: failed to init node with kubeadm: command "docker exec --privileged x-control-plane'
    ' kubeadm init --config=/kind/kubeadm.conf --skip-token-print --v=6" failed with error: exit status 1'
)
PHASE = (
    "error execution phase wait-control-plane: failed while waiting for the control plane to start: kube-apiserver"
    ' check failed at https://172.18.0.3:6443/livez: Get "https://x-control-plane:6443/livez?timeout=10s": context'
    " deadline exceeded"
)
TRACE = """\
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1
\tk8s.io/kubernetes@v1.37.2/cmd/kubeadm/app/cmd/phases/workflow/runner.go:262
runtime.main
\truntime/proc.go:290
runtime.goexit
\truntime/asm_amd64.s:1771
"""
KUBEADM_OUTPUT = """\
I1128 21:07:33.511817     221 initconfiguration.go:260] loading configuration from "/kind/kubeadm.conf"
[init] Using Kubernetes version: v1.37.2
[control-plane-check] kube-apiserver is not healthy after 4m0.000718374s

A control plane component may have crashed or exited when started by the container runtime.
"""
OLD_API = 'your configuration file uses an old API spec: "kubeadm.k8s.io/v1beta3" (kind: "ClusterConfiguration").'
RUN = 'failed to create cluster: command "docker run --name x-worker node" failed with error: exit status 125'
LOG_LINE = (
    "failed to create cluster: could not find a log line that matches"
    ' "Reached target .*Multi-User System.*|detected cgroup v1"'
)


def failure(printed, exit_code=1):
    argv = ("kind", "create", "cluster", "--name=x")
    return CommandFailed(argv, exit_code, "", printed)


def failed(error, output=None):
    return failure(f"{STEPS}ERROR: {error}\n" + ("" if output is None else f"\nCommand Output: {output}"))


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (failed(INIT, f"{KUBEADM_OUTPUT}error: {PHASE}\n{TRACE}"), f"{INIT}: {PHASE}"),
        (failed(INIT, f"{KUBEADM_OUTPUT}{PHASE}\n{TRACE}"), f"{INIT}: {PHASE}"),
        (failed(INIT, f"{KUBEADM_OUTPUT}error: {OLD_API}\n{TRACE}"), f"{INIT}: {OLD_API}"),
        (failed(INIT, f"panic: out of memory\n{TRACE}"), f"{INIT}: panic: out of memory"),
        (failed(RUN, "docker: no space left on device.\n"), f"{RUN}: docker: no space left on device."),
        (failed(RUN, "\n"), RUN),
        (failed(LOG_LINE), LOG_LINE),
        (failure("kind: not found", 127), "`kind create cluster --name=x` ended with 127: kind: not found"),
        (failure(STEPS, None), "it did not end within 600 s, its last line was: • Preparing nodes 📦 📦   ..."),
        (failure("", None), "it did not end within 600 s, its last line was: none"),
    ],
    ids=[
        "a phase of kubeadm",
        "a phase of an older kubeadm",
        "kubeadm before any phase",
        "kubeadm crashed",
        "docker",
        "docker without output",
        "kind alone",
        "no kind",
        "time-out",
        "time-out without output",
    ],
)
def test_the_message_is_kinds_error_and_the_cause_in_one_line(seen, message):
    assert kind_error(seen, 600.0) == message


def test_a_slow_host_may_cause_a_failed_phase_or_a_time_out():
    assert may_be_slow(failure(STEPS, None))
    assert may_be_slow(failed(INIT, f"{KUBEADM_OUTPUT}error: {PHASE}\n{TRACE}"))
    assert not may_be_slow(failed(INIT, f"error: {OLD_API}\n{TRACE}"))
    assert not may_be_slow(failed(RUN, "docker: no space left on device.\n"))
