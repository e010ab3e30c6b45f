"""What a run on a cluster ends with where pytest itself would end with 0."""

from __future__ import annotations

import pytest

from clusters.errors import WorldError
from reports.model import RunResults

NOTHING_RAN = WorldError.exit_code
"""Every case was skipped: what they need was not there, as with an unfit host, so nothing was tested.

It is not pytest's 5, which says that no case was selected and which scripts may rightly tolerate, and not 1, which says
that Kubernetes failed.
"""


def exit_code(results: RunResults) -> int:
    """Return 1 if Kubernetes or the world failed in any case, `NOTHING_RAN` if every case was skipped, else 0."""
    if results.failed:
        return int(pytest.ExitCode.TESTS_FAILED)
    return NOTHING_RAN if results.all_skipped else int(pytest.ExitCode.OK)
