"""Extraction of the cause of a failure from the output of kind and kubeadm, as one line.

kind prints `ERROR: ...` and, if a program that it ran has failed, `Command Output: ...` with that program's output:
https://github.com/kubernetes-sigs/kind/blob/v0.33.0/cmd/kind/app/main.go, `logError`. kind runs kubeadm with --v=6,
with which kubeadm prints a Go stack trace after its own `error: ...`:
https://github.com/kubernetes/kubernetes/blob/v1.37.2/cmd/kubeadm/app/util/errors/errors.go, `handleError`.
"""

from __future__ import annotations

import re
from itertools import pairwise

from clusters.errors import CommandFailed

ERROR, OUTPUT = "ERROR: ", "Command Output: "
PHASE = re.compile(r"^(?:error: )?(error execution phase .*\S)", re.MULTILINE)
KUBEADM_ERROR = re.compile(r"^error: (.*\S)", re.MULTILINE)


def kind_error(failure: CommandFailed, limit_s: float) -> str:
    """Return kind's error and the error of the program that kind ran; for kubeadm, the phase that failed.

    If kind was ended after `limit_s`, before it printed an error, return the step at which it was.
    """
    if failure.exit_code_seen is None:
        steps = [line for line in failure.stderr.splitlines() if line.strip()]
        return f"it did not end within {limit_s:.0f} s, its last line was: {steps[-1].strip() if steps else 'none'}"
    before, found, output = failure.stderr.partition(f"\n{OUTPUT}")
    errors = [line.removeprefix(ERROR) for line in before.splitlines() if line.startswith(ERROR)]
    if not errors:
        return failure.message
    cause = _cause(output) if found else ""
    return f"{errors[-1]}: {cause}" if cause else errors[-1]


def may_be_slow(failure: CommandFailed) -> bool:
    """Return True if a slow host may be the cause.

    That is the case if kind exceeded its time limit or a phase of kubeadm failed, since most phases wait for something.
    """
    return failure.exit_code_seen is None or PHASE.search(failure.stderr) is not None


def _cause(output: str) -> str:
    """Return the line of a program's output that has the cause of its failure; "" if it printed nothing."""
    for wanted in (PHASE, KUBEADM_ERROR):
        found = wanted.findall(output)
        if found:
            return str(found[-1])
    lines = [line for line, following in pairwise([*output.splitlines(), ""]) if not _is_frame(line, following)]
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _is_frame(line: str, following: str) -> bool:
    """Return True for a line of a Go stack trace: a function, followed by its source line after a tab character."""
    return line.startswith("\t") or following.startswith("\t")
