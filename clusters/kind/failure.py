"""What kind and kubeadm say when they fail, as one line.

kind ends with `ERROR: ...` and, if that was a program's fault, `Command Output: ...` with all that the program printed:
https://github.com/kubernetes-sigs/kind/blob/v0.33.0/cmd/kind/app/main.go, `logError`. It runs kubeadm with --v=6, with
which kubeadm lets a Go stack trace follow its own `error: ...`:
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
    """kind's own error and what the program said that kind ran, kubeadm's failing phase if it was kubeadm.

    Where it was ended after `limit_s`, before it could say so: the step it was at.
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
    """True if a slow host is a possible cause: kind did not end in time, or a phase of kubeadm failed. Most wait."""
    return failure.exit_code_seen is None or PHASE.search(failure.stderr) is not None


def _cause(output: str) -> str:
    """The line of a program's output that says why it failed; empty if it printed nothing."""
    for wanted in (PHASE, KUBEADM_ERROR):
        found = wanted.findall(output)
        if found:
            return str(found[-1])
    lines = [line for line, following in pairwise([*output.splitlines(), ""]) if not _is_frame(line, following)]
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _is_frame(line: str, following: str) -> bool:
    """A Go stack trace has two lines a frame: the function, and its place after a tabulator."""
    return line.startswith("\t") or following.startswith("\t")
