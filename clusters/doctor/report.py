"""The report of an examination, and its consequence for a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.doctor.check import Check, Plan, Verdict
from clusters.errors import HostUnfit, UsageError
from clusters.spec import ClusterSpec, Mode


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """All checks, and the plan for each requested mode. `kubernetes` is the version that would run."""

    plans: tuple[Plan, ...]
    checks: tuple[Check, ...]
    kubernetes: str

    def plan_for(self, mode: Mode) -> Plan:
        """Return the plan for a mode. Raises `UsageError` if the examination did not include it."""
        for plan in self.plans:
            if plan.mode is mode:
                return plan
        raise UsageError(f"the examination of the host did not include mode {mode}")

    def unfit_for(self, mode: Mode) -> tuple[Check, ...]:
        """Return the checks because of which the mode cannot run as planned; none if it can."""
        plan = self.plan_for(mode)
        return tuple(check for check in self.checks if check.verdict is Verdict.UNFIT and check.concerns(plan))

    @property
    def fit(self) -> bool:
        """Return True if every requested mode can run."""
        return not any(self.unfit_for(plan.mode) for plan in self.plans)

    def standing(self, check: Check) -> Verdict:
        """Return the check's verdict for the plans: `unfit` becomes a warning if the check applies to none of them."""
        if check.verdict is Verdict.UNFIT and not any(check.concerns(plan) for plan in self.plans):
            return Verdict.WARNING
        return check.verdict

    def require(self, spec: ClusterSpec) -> None:
        """Raise `HostUnfit` with the first cause and its remedy if the cluster cannot run here."""
        unfit = self.unfit_for(spec.mode)
        if not unfit:
            return
        first, *others = unfit
        more = f"; also unfit: {', '.join(check.name for check in others)}" if others else ""
        raise HostUnfit(
            f"this host cannot run mode {spec.mode} (source {spec.source}, substrate {spec.substrate}): "
            f"{first.name}: {first.seen}: {first.cause}{more}",
            remedy=first.remedy,
            detail="\n".join(f"{check.name}: {check.seen}: {check.cause} ({check.remedy})" for check in unfit),
        )
