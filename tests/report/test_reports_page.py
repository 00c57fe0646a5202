"""docs/reports.md names every format, column and letter, and the picture it shows exists."""

import re
from pathlib import Path

from auditor.report import FORMATS
from auditor.report.csv_report import COLUMNS
from auditor.report.html_limits import HtmlLimits
from auditor.report.marks import LETTERS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reports.md").read_text("utf-8")


def test_every_format_is_told():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(FORMATS)


def test_every_column_and_letter_is_told():
    assert [name for name in COLUMNS if f"`{name}`" not in PAGE] == []
    told = "".join(re.findall(r"^\| (\S+(?:, \S+)*) \| ", PAGE, re.MULTILINE))
    assert [letter for letter in LETTERS.values() if letter not in told] == []


def test_the_limits_are_those_of_the_page():
    limits = HtmlLimits()
    assert f"{limits.datasets} datasets in the table, {limits.calendar_rows} in the calendar" in PAGE.replace("\n", " ")
    assert f"({limits.days} at most" in PAGE
    assert f"up to {limits.occurrences} occurrences" in PAGE


def test_pictures_are_there():
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", PAGE):
        assert (DOCS / picture).stat().st_size < 200_000
