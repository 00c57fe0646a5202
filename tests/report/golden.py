"""Writes the golden files anew: `python -m tests.report.golden`, then read the difference."""

from pathlib import Path
from unittest.mock import patch

from auditor.model import FindingType
from auditor.report import render_table, table_findings
from tests.report.example import EXAMPLE

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
    for finding in EXAMPLE.findings
}


def render_golden(width: int) -> str:
    with patch.object(table_findings, "CATALOGUE", TEXTS):
        return render_table(EXAMPLE, width=width, colour=False)


if __name__ == "__main__":
    for width in (80, 160):
        Path(__file__).with_name(f"table-{width}.txt").write_text(render_golden(width), "utf-8")
