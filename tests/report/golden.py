"""Writes the golden files anew: `python -m tests.report.golden`, then read the difference."""

from pathlib import Path

from auditor.report import render_table
from tests.report.example import EXAMPLE

if __name__ == "__main__":
    for width in (80, 160):
        text = render_table(EXAMPLE, width=width, colour=False)
        Path(__file__).with_name(f"table-{width}.txt").write_text(text, "utf-8")
