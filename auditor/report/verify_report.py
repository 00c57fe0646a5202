"""The answer of `verify --json` for one file as one line, schema `schemas/verify-1.json`."""

from auditor.checks import CATALOGUE
from auditor.model import Fault, FileCheck
from auditor.report.json_report import JsonObject, clean, describe_evidence, encode


def render_verify_line(path: str, size: int | None, check: FileCheck) -> str:
    """One JSON object and a newline for the file at `path` of `size` bytes as listed (None: not known)."""
    line: JsonObject = {
        "path": clean(path),
        "content": check.content.value,
        "level": str(check.level),
        "format": check.format.value if check.format else None,
        "compression": check.compression.value if check.compression else None,
        "records": check.records,
        "bytes": size,
        "reason": clean(check.reason),
        "findings": [_describe_fault(fault) for fault in check.faults],
    }
    return encode(line) + "\n"


def _describe_fault(fault: Fault) -> JsonObject:
    kind = CATALOGUE.get(fault.code)
    return {
        "code": clean(fault.code),
        "severity": kind.severity.value if kind else "warning",
        "message": clean(fault.message),
        "evidence": describe_evidence(fault.evidence),
        "remedy": kind.remedy if kind else "",
    }
