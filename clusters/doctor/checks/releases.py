"""Checks of a Kubernetes version: whether it is available, and whether its kube-proxy has the modes."""

from __future__ import annotations

from clusters.doctor.check import Check, Verdict
from clusters.doctor.facts import Facts
from clusters.modes import REQUIREMENTS
from clusters.spec import Mode, Source


def check_kubernetes(facts: Facts) -> tuple[Check, ...]:
    """Check that the version is available and its kube-proxy has the modes. Raises `UsageError` if it is invalid."""
    return (_in_lock(facts), *(check for mode in Mode for check in _stage_of(mode, facts.minor)))


def _in_lock(facts: Facts) -> Check:
    if facts.release is not None:
        built, stock = facts.version_of(Source.BUILT), facts.version_of(Source.REGISTRY)
        seen = built if built == stock else f"{built} by source built, {stock} by source registry"
        return Check("Kubernetes version", Verdict.OK, seen)
    known = ", ".join(release.version for release in facts.lock.releases)
    return Check(
        "Kubernetes version",
        Verdict.UNFIT,
        f"{facts.kubernetes} is not in the lock file",
        "there are no images of it to pull, and no recipes to build them",
        f"there are: {known}",
    )


def _stage_of(mode: Mode, minor: tuple[int, int]) -> tuple[Check, ...]:
    """Return the check of the mode's stage in this minor version; nothing if every version has the mode."""
    stage = REQUIREMENTS[mode].stage_in(minor)
    if stage is None:
        return ()
    verdict = Verdict.UNFIT if not stage.runs else Verdict.WARNING if stage.cause else Verdict.OK
    name = f"{mode} in Kubernetes {minor[0]}.{minor[1]}"
    return (Check(name, verdict, stage.seen, stage.cause, stage.remedy, frozenset({mode})),)
