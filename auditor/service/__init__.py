"""Wires the rooms: who calls whom, with which clock. No rule of judgement lives here."""

from auditor.service.audit import plan_audit, run_audit
from auditor.service.limits import Limits
from auditor.service.options import RELIST, AuditOptions, Progress, Quiet
from auditor.service.plan import AuditPlan

__all__ = ["RELIST", "AuditOptions", "AuditPlan", "Limits", "Progress", "Quiet", "plan_audit", "run_audit"]
