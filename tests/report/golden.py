"""Writes the golden files anew: `python -m tests.report.golden`, then read the difference."""

from pathlib import Path
from unittest.mock import patch

from auditor.model import AuditResult, FindingType
from auditor.report import render_table, table_findings
from tests.report.example import CLAIMED, EXAMPLE

GOLDEN = {"table": EXAMPLE, "claimed": CLAIMED}

# Texts of their own, so that a better sentence in the catalogue changes no golden file.
TEXTS = {
    finding.code: FindingType(
        finding.code,
        "family",
        finding.severity,
        f"One sentence that says what {finding.code} means.",
        "The harm.",
        ("a cause",),
        "Do this first. Then do that, and look whether it helped: two sentences are the usual length of a remedy.",
    )
    for finding in CLAIMED.findings
}


def render_golden(width: int, result: AuditResult = EXAMPLE) -> str:
    with patch.object(table_findings, "CATALOGUE", TEXTS):
        return render_table(result, width=width, colour=False)


if __name__ == "__main__":
    for name, result in GOLDEN.items():
        for width in (80, 160):
            Path(__file__).with_name(f"{name}-{width}.txt").write_text(render_golden(width, result), "utf-8")
