"""What doctor found, and what it means for a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.doctor.check import Check, Plan, Verdict
from clusters.errors import HostUnfit, UsageError
from clusters.spec import ClusterSpec, Mode


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """All checks, and the plan for each mode that was asked about. `kubernetes` is the version that would run."""

    plans: tuple[Plan, ...]
    checks: tuple[Check, ...]
    kubernetes: str

    def plan_for(self, mode: Mode) -> Plan:
        """How the mode would run here. Raises `UsageError` if it was not asked about."""
        for plan in self.plans:
            if plan.mode is mode:
                return plan
        raise UsageError(f"doctor was not asked about mode {mode}")

    def unfit_for(self, mode: Mode) -> tuple[Check, ...]:
        """What keeps the mode from running here as planned; nothing if it can."""
        plan = self.plan_for(mode)
        return tuple(check for check in self.checks if check.verdict is Verdict.UNFIT and check.concerns(plan))

    @property
    def fit(self) -> bool:
        """True if every mode that was asked about can run."""
        return not any(self.unfit_for(plan.mode) for plan in self.plans)

    def standing(self, check: Check) -> Verdict:
        """The check's weight here: what is unfit only for ways that are not planned is worth a warning."""
        if check.verdict is Verdict.UNFIT and not any(check.concerns(plan) for plan in self.plans):
            return Verdict.WARNING
        return check.verdict

    def require(self, spec: ClusterSpec) -> None:
        """Raises `HostUnfit` with the first cause and its remedy if the cluster cannot run here."""
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
