"""Wires the rooms: who calls whom, with which clock. No rule of judgement lives here."""

from auditor.service.audit import run_audit
from auditor.service.options import AuditOptions, Progress, Quiet

__all__ = ["AuditOptions", "Progress", "Quiet", "run_audit"]
