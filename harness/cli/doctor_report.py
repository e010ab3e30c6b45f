"""Doctor's report, formatted for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from clusters.doctor import Check, DoctorReport, Plan, Verdict

NARROWEST, WIDEST = 80, 140
MARGIN = 2


def print_report(report: DoctorReport, write: Callable[[str], None], columns: int) -> None:
    """Write one row for each check, with cause and remedy if it is not ok, then the result for each mode."""
    width = min(max(columns, NARROWEST), WIDEST)
    verdict_width = max(len(verdict) for verdict in Verdict) + MARGIN
    name_width = max(len(check.name) for check in report.checks) + MARGIN
    write(f"kubeproof doctor, Kubernetes {report.kubernetes}")
    write("")
    for check in report.checks:
        standing = report.standing(check)
        head = f"{standing:<{verdict_width}}{check.name:<{name_width}}"
        _write_wrapped(write, head, check.seen, width)
        if standing is not Verdict.OK:
            _write_advice(write, check, len(head), width)
    write("")
    for plan in report.plans:
        _write_plan(write, plan, report, width)


def _write_advice(write: Callable[[str], None], check: Check, indent: int, width: int) -> None:
    blank = " " * indent
    _write_wrapped(write, f"{blank}cause:  ", check.cause, width)
    _write_wrapped(write, f"{blank}remedy: ", check.remedy, width)


def _write_plan(write: Callable[[str], None], plan: Plan, report: DoctorReport, width: int) -> None:
    unfit = report.unfit_for(plan.mode)
    how = f"source {plan.source}, substrate {plan.substrate}"
    verdict = f"cannot run ({', '.join(check.name for check in unfit)})" if unfit else "can run"
    head = f"{plan.mode:<{max(map(len, type(plan.mode))) + MARGIN}}"
    _write_wrapped(write, head, f"{verdict}: {how}", width)
    _write_wrapped(write, " " * len(head), plan.why, width)


def _write_wrapped(write: Callable[[str], None], head: str, text: str, width: int) -> None:
    """Write `text` to the right of `head`, wrapped and aligned."""
    wrapped = textwrap.wrap(text, max(width - len(head), NARROWEST // 3), break_on_hyphens=False) or [""]
    for number, line in enumerate(wrapped):
        write((head if number == 0 else " " * len(head)) + line)
