"""Checks of the host (`kubeproof doctor`): whether it can run a mode, and if not, the cause and a remedy."""

from clusters.doctor.check import Check, Plan, Question, Verdict
from clusters.doctor.choose import choose_source, choose_substrate
from clusters.doctor.examine import examine
from clusters.doctor.host import Host
from clusters.doctor.machine import Machine
from clusters.doctor.report import DoctorReport

__all__ = [
    "Check",
    "DoctorReport",
    "Host",
    "Machine",
    "Plan",
    "Question",
    "Verdict",
    "choose_source",
    "choose_substrate",
    "examine",
]
