"""Sentences about the history of runs."""

from __future__ import annotations

from reports.model.history import CaseHistory, History, LevelChange, Series, Setting
from reports.writers.readable import fixed, many, ratio, scaled, short


def history_verdict(history: History) -> str:
    """Return what has changed for the worse and stayed so, and how many cases fail now and then."""
    if not history.runs:
        return "There are no runs."
    worse = [series for series in history.series if series.changed_for_the_worse]
    flaky = sum(case.flaky for case in history.cases)
    followed = many(len(history.series), "figure")
    changed = (
        f"{len(worse)} of {followed} {'has' if len(worse) == 1 else 'have'} changed for the worse"
        if worse
        else f"Nothing has changed for the worse: {followed}"
    )
    flakes = f"; {many(flaky, 'case')} {'passes' if flaky == 1 else 'pass'} in some runs only" if flaky else ""
    return f"{changed} in {many(len(history.runs), 'run')}{flakes}."


def change_sentence(series: Series, change: LevelChange) -> str:
    """Return what changed, from which level to which, and by how many percent."""
    percent = scaled(ratio(change.after - change.before, abs(change.before)), 100)
    by = "" if percent is None else f" ({'+' if percent > 0 else ''}{fixed(percent, 0)}%)"
    return (
        f"{series.figure}: {short(change.before)} to {short(change.after)} {series.unit}{by}, "
        f"{place_words(series.setting)}"
    )


def flake_sentence(case: CaseHistory) -> str:
    """Return how often a case failed."""
    rate = case.failure_rate
    ran = sum(outcome != "skipped" for outcome in case.outcomes.values())
    percent = [fixed(scaled(end, 100), 0) for end in (rate.value, rate.low, rate.high)]
    return f"{round(rate.value * ran)} of {many(ran, 'run')}: {percent[0]}% ({percent[1]} to {percent[2]}%)"


def place_words(setting: Setting) -> str:
    """Return mode, substrate and Kubernetes version in words."""
    return f"{setting.mode} mode on substrate {setting.substrate}, Kubernetes {setting.kubernetes}"


def setting_words(setting: Setting) -> str:
    """Return a whole setting in words."""
    return (
        f"{place_words(setting)}, source {setting.source}, kernel {setting.kernel}, "
        f"{many(setting.cpus, 'processor')}, {many(setting.nodes, 'node')}"
    )
