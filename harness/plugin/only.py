"""The option `--only`, which narrows a run to some suites: `tox -e ipvs -- --only=services`."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.errors import UsageError
from harness.plugin.run.checks import shown


def add_only_option(parser: pytest.Parser) -> None:
    group = parser.getgroup("kubeproof")
    group.addoption(
        "--only",
        metavar="SUITES",
        help="run these suites only: names of folders in the named folders, or paths, separated by commas",
    )


def require_suites(config: pytest.Config) -> tuple[Path, ...]:
    """Return the folders and files that `--only` names; none if it was not given.

    Raises `UsageError` for a name that does not exist or that `--ignore` excludes.
    """
    typed = config.getoption("only")
    if typed is None:
        return ()
    start = config.invocation_params.dir
    folders = [start / argument for argument in config.args if (start / argument).is_dir()]
    return tuple(_require_suite(name.strip(), start, folders, config) for name in typed.split(","))


def deselect_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remove the cases of all suites that `--only` does not name."""
    wanted = require_suites(config)
    if not wanted:
        return
    others = [item for item in items if not any(item.path.is_relative_to(suite) for suite in wanted)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def _require_suite(name: str, start: Path, folders: list[Path], config: pytest.Config) -> Path:
    found = next((path for path in (*(folder / name for folder in folders), start / name) if path.exists()), None)
    if found is None or not name:
        suites = sorted({path.name for folder in folders for path in folder.iterdir() if _is_suite(path)})
        raise UsageError(f"--only={shown(name)} is no suite", remedy=f"there are: {', '.join(suites)}")
    ignored = [start / path for path in config.getoption("ignore") or ()]
    if any(found.is_relative_to(path) for path in ignored):
        raise UsageError(
            f"--only={shown(name)} names what --ignore excludes",
            remedy="the performance suite runs by `tox -e perf-iptables`, perf-nftables or perf-ipvs",
        )
    return found


def _is_suite(path: Path) -> bool:
    return path.is_dir() and any(path.glob("test_*.py"))
