"""The table at a terminal: what it says, that it fits, and that names in it are only read."""

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from auditor.checks import CATALOGUE
from auditor.model import Look, Severity, Unverifiable
from auditor.report import FORMATS, ReportOptions, render_table
from auditor.report.sheet import NARROWEST
from auditor.report.words import render_minute
from tests.report.example import EXAMPLE, NOW, START
from tests.report.golden import GOLDEN, render_golden
from tests.report.strategies import HOSTILE, QUICK, audits

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("name", GOLDEN)
def test_the_example_looks_like_its_golden_file(width, name):
    """After a wanted change: `python -m tests.report.golden` writes the files anew; look at them."""
    golden = Path(__file__).with_name(f"{name}-{width}.txt").read_text("utf-8")
    assert render_golden(width, GOLDEN[name]) == golden


@QUICK
@given(audits(), st.integers(NARROWEST, 200), st.booleans(), st.booleans())
def test_no_line_is_wider_than_the_terminal_and_no_name_acts_on_it(result, width, colour, unicode):
    text = render_table(result, width=width, colour=colour, unicode=unicode)
    bare = COLOURS.sub("", text) if colour else text
    assert [line for line in bare.split("\n") if cell_len(line) > width] == []
    assert all(c.isprintable() or c == "\n" for c in bare)
    if not unicode:
        assert bare.isascii()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("width", [80, 160])
def test_a_hostile_name_is_shown_letter_by_letter(name, width):
    finding = dataclasses.replace(EXAMPLE.findings[0], key=name, message=name, flow=name, dataset=name)
    runs = tuple(dataclasses.replace(run, flow=name, dataset=name) for run in EXAMPLE.runs[:2])
    result = dataclasses.replace(EXAMPLE, runs=runs, findings=(finding,), names={name: name})
    text = render_table(result, width=width, colour=False)
    shown = name if name.isprintable() else name.encode("unicode_escape", "surrogatepass").decode()
    squeezed = re.sub(r"\s", "", text)
    if name.isascii() or not name.isprintable():
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name)
    assert re.sub(r"\s", "", shown) in squeezed


def test_colour_only_repeats_what_symbols_and_words_say():
    assert COLOURS.sub("", render_table(EXAMPLE, width=100, colour=True)) == render_table(
        EXAMPLE, width=100, colour=False
    )


def test_the_environment_changes_nothing(monkeypatch):
    before = render_table(EXAMPLE, width=90, colour=True)
    for name, value in {"NO_COLOR": "1", "COLUMNS": "20", "TERM": "dumb", "FORCE_COLOR": "1", "LINES": "5"}.items():
        monkeypatch.setenv(name, value)
    assert render_table(EXAMPLE, width=90, colour=True) == before


def test_every_number_of_a_dataset_is_readable_at_every_width():
    for width in range(NARROWEST, 161):
        text = re.sub(r"\s+", " ", render_table(EXAMPLE, width=width, colour=False))
        assert "62a1b7c0d4e5f60718293a4b" in text
        assert "2026-10-13 02:00Z" in text


@pytest.mark.parametrize("occurrences, left", [(1, 2), (2, 1), (3, 0)])
def test_findings_past_the_limit_are_counted(occurrences, left):
    late = dataclasses.replace(EXAMPLE.findings[2], message="Came late.")
    findings = tuple(dataclasses.replace(late, due=START + timedelta(days=n)) for n in range(3))
    result = dataclasses.replace(EXAMPLE, findings=findings)
    text = FORMATS["table"](result, ReportOptions(width=120, occurrences=occurrences))
    assert text.count("Came late.") == occurrences
    assert (f"and {left} more: see --format json" in text) == bool(left)
    assert "export-late: 3 times" in text


def test_the_newest_of_equal_findings_is_listed_first():
    findings = tuple(dataclasses.replace(EXAMPLE.findings[2], due=START + timedelta(days=n)) for n in range(3))
    text = render_table(dataclasses.replace(EXAMPLE, findings=findings), width=120, colour=False)
    assert text.index("due 2026-10-03") < text.index("due 2026-10-02") < text.index("due 2026-10-01 00:00Z:")


def test_datasets_past_the_limit_are_counted_and_those_that_need_somebody_stay():
    text = FORMATS["table"](EXAMPLE, ReportOptions(width=120, rows=2))
    assert text.count("needs you") >= 2
    assert "and 1 more dataset (1 unknown): see --format json" in text


def test_reasons_past_the_limit_are_counted():
    things = tuple(Unverifiable(f"thing {n}", f"reason {n:03}") for n in range(45))
    text = render_table(dataclasses.replace(EXAMPLE, unverifiable=things), width=120, colour=False)
    assert "and 15 more reasons with 15 subjects: see --format json" in text


def test_long_evidence_says_what_it_leaves_out():
    evidence = {f"name_{n}": n for n in range(8)}
    finding = dataclasses.replace(EXAMPLE.findings[0], evidence=evidence)
    long = dataclasses.replace(EXAMPLE.findings[1], evidence={"columns": "x" * 500})
    text = render_table(dataclasses.replace(EXAMPLE, findings=(finding, long)), width=160, colour=False)
    assert "and 2 more values" in text
    assert "… (500 characters)" in re.sub(r"\s+", " ", text).replace("x …", "x…")


def test_each_finding_type_says_its_remedy_once_and_the_gravest_comes_first():
    text = re.sub(r"\s+", " ", render_table(EXAMPLE, width=200, colour=False))
    for code in {finding.code for finding in EXAMPLE.findings}:
        assert text.count(f"What to do: {CATALOGUE[code].remedy}") == 1
    places = [text.index(f" {code}: ") for code in ("export-missing", "file-truncated", "export-late")]
    assert places == sorted(places)


def test_a_code_the_catalogue_does_not_know_is_still_shown():
    strange = dataclasses.replace(EXAMPLE.findings[0], code="from-the-future", severity=Severity.CRITICAL)
    text = render_table(dataclasses.replace(EXAMPLE, findings=(strange,)), width=100, colour=False)
    assert "✗✗ critical from-the-future: 1 time" in text


def test_a_flow_without_a_due_run_is_named():
    assert "spring-sale: no run expected since 2026-10-15 09:30Z" in render_table(EXAMPLE, width=100, colour=False)


def test_it_says_since_when_it_watched_and_by_which_clock():
    text = re.sub(r"\s+", " ", render_table(EXAMPLE, width=80, colour=False))
    assert "Judged at 2026-10-15 09:30Z. Watched since 2026-10-01 00:00Z; what is earlier was not watched." in text
    nothing = dataclasses.replace(EXAMPLE, watched=(), watched_from=None, now=NOW)
    assert "Nothing is watched." in render_table(nothing, width=80, colour=False)


def test_every_format_is_a_function_of_result_and_options():
    for name, render in FORMATS.items():
        assert render(EXAMPLE, ReportOptions()) == render(EXAMPLE, ReportOptions()), name


def test_what_was_taken_from_an_earlier_listing_is_said_with_its_date():
    looks = (
        Look("lake", "a"),
        Look("lake", "b", NOW - timedelta(hours=5)),
        Look("lake", "c", NOW - timedelta(hours=3)),
    )
    told = render_table(dataclasses.replace(EXAMPLE, looks=looks), width=200, colour=False, unicode=True)
    assert "Old exports of 2 of 3 datasets are as last listed" in told
    assert render_minute(NOW - timedelta(hours=5)) in told
    assert "as last listed" not in render_table(
        dataclasses.replace(EXAMPLE, looks=looks[:1]), width=200, colour=False, unicode=True
    )
