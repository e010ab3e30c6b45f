"""The exit code of a run with a cluster for which pytest itself would return 0."""

from __future__ import annotations

import pytest

from clusters.errors import WorldError
from reports.model import RunResults

NOTHING_RAN = WorldError.exit_code
"""The exit code if every case was skipped, so nothing was tested; the same as for an unfit host.

Not pytest's 5, which means that no case was selected and which scripts may tolerate, and not 1, which means that
Kubernetes failed.
"""


def exit_code(results: RunResults) -> int:
    """Return 1 if Kubernetes or the world failed in any case, `NOTHING_RAN` if every case was skipped, else 0."""
    if results.failed:
        return int(pytest.ExitCode.TESTS_FAILED)
    return NOTHING_RAN if results.all_skipped else int(pytest.ExitCode.OK)
