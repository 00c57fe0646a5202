"""Coverage and ends in every report: worst and soonest first, the rest counted, nothing where nothing was read."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Coverage, Ending, Standing, Waived
from auditor.report import render_csv, render_json, render_junit, render_table
from auditor.report.coverage_words import count_standings, render_coverage_sentence, worst_first
from auditor.report.ending_words import choose_near, render_left, render_what, render_when
from auditor.report.html_limits import HtmlLimits
from auditor.report.html_report import render_html
from tests.report.example import CLAIMED, EXAMPLE, NOW
from tests.report.strategies import QUICK, coverages
from tests.report.test_html_report import check_closed

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def line(standing: Standing, name: str = "A", waived: bool = False) -> Coverage:
    put_up_with = Waived("known", "jo", NOW) if waived else None
    return Coverage("prod", "0" * 24, name, standing, waived=put_up_with)


def test_the_table_shows_what_is_not_protected_and_counts_the_rest():
    text = render_table(CLAIMED, width=160, colour=False)
    assert "2 of 7 datasets are protected (1 of them twice); 1 nothing sound, 1 no longer" in text
    assert "Identities" not in text
    many = tuple(line(Standing.NEVER, f"dataset {number:03}") for number in range(50))
    text = render_table(replace(EXAMPLE, coverage=many), width=160, colour=False)
    assert "and 30 more datasets (30 never)" in text


def test_nothing_is_said_where_no_sandbox_was_read_and_nothing_ends():
    text = render_table(EXAMPLE, width=160, colour=False)
    assert "Coverage" not in text
    assert "ends by itself" not in text
    page = check_closed(render_html(EXAMPLE))
    assert not {"coverage", "endings", "says"} & set(page.each("id"))


def test_the_page_shows_all_of_it():
    page = check_closed(render_html(CLAIMED))
    assert {"coverage", "endings", "says"} <= set(page.each("id"))
    for told in CLAIMED.coverage:
        assert told.name in page.text
        assert told.reason in page.text
    assert "claimed 75,604 / found 75,516" in page.text
    assert "waived by jo@example.com until 2026-11-14 09:30Z: test data" in page.text
    assert "flow Web backup of web-3h ends" in page.text
    assert "in 12 days" in page.text
    assert "Orders ends" not in page.text  # in 90 days


def test_the_page_has_the_numbers_of_claims_only_where_there_are_any():
    assert "Records by Adobe" in render_html(CLAIMED)
    assert "Records by Adobe" not in render_html(EXAMPLE)
    page = check_closed(render_html(CLAIMED))
    assert "900 records, 3 files" in page.text
    assert "812 records, 3 files" in page.text


def test_what_is_past_the_limits_is_counted_in_the_page():
    page = check_closed(render_html(CLAIMED, limits=replace(HtmlLimits(), datasets=3, occurrences=1)))
    assert "and 4 more datasets (1 unknown, 1 waived, 1 twice, 1 protected): see --format json" in page.text
    assert "and 1 more: see --format json" in page.text


def test_json_has_claims_coverage_and_ends():
    told = json.loads(render_json(CLAIMED))
    claims = [run["claim"] for run in told["runs"] if run["claim"]]
    assert len(claims) == 232
    assert {claim["state"] for claim in claims} == {"succeeded", "failed", "none"}
    assert told["coverage"][0]["standing"] == "nothing_sound"
    assert [row["when"] for row in told["endings"]] == sorted(row["when"] for row in told["endings"])
    assert json.loads(render_json(EXAMPLE))["coverage"] == []


def test_csv_has_the_claim_in_columns_at_the_end():
    rows = [*csv.DictReader(StringIO(render_csv(CLAIMED), newline=""))]
    differing = next(row for row in rows if row["claim_records"] == "900")
    assert (differing["records"], differing["claim_state"], differing["claim_runs"]) == ("812", "succeeded", "run-5")
    failed = next(row for row in rows if row["claim_state"] == "failed")
    assert failed["claim_records"] == ""
    assert [*rows[0]][-8:] == [name for name in rows[0] if name.startswith("claim_")]


def test_junit_says_it_beside_the_run():
    assert "Experience Platform: succeeded, wrote 900 records, 3 files" in render_junit(CLAIMED)
    assert "Experience Platform" not in render_junit(EXAMPLE)


@QUICK
@given(st.lists(coverages, max_size=8))
def test_every_dataset_is_counted_once_and_the_worst_comes_first(lines):
    assert sum(count_standings(lines).values()) == len(lines)
    ordered = worst_first(lines)
    assert sorted(map(id, ordered)) == sorted(map(id, lines))
    unprotected = [one.standing not in (Standing.PROTECTED, Standing.TWICE) for one in ordered]
    assert unprotected == sorted(unprotected, reverse=True)


@pytest.mark.parametrize(
    "lines, told",
    [
        ([line(Standing.PROTECTED)], "1 of 1 dataset is protected."),
        ([line(Standing.NEVER)], "0 of 1 dataset is protected; 1 never."),
        (
            [line(Standing.NEVER, waived=True), line(Standing.TWICE)],
            "1 of 2 datasets are protected (1 of them twice); 1 waived.",
        ),
        ([], "0 of 0 datasets are protected."),
    ],
)
def test_the_sentence_never_adds_waived_or_unknown_to_what_is_protected(lines, told):
    assert render_coverage_sentence(lines) == told


def ending(code: str, left: timedelta, **changes) -> Ending:
    return Ending(NOW + left, code, "Web backup", "as read", **changes)


def test_an_audit_lists_what_is_near():
    near = [
        ending("flow-ending", 60 * DAY),
        ending("export-expiring", 3 * DAY),
        ending("credential-expiring", timedelta(0)),
    ]
    far = [ending("flow-ending", 61 * DAY), ending("export-expiring", 4 * DAY), ending("flow-ending", -HOUR)]
    assert choose_near([*near, *far], NOW) == near


@pytest.mark.parametrize(
    "left, told",
    [
        (12 * DAY + HOUR, "in 12 days"),
        (30 * HOUR, "in 30 hours"),
        (HOUR, "in 1 hour"),
        (timedelta(minutes=5), "now"),
        (-3 * DAY, "3 days ago"),
    ],
)
def test_time_left_is_said_without_rounding_up(left, told):
    assert render_left(NOW + left, NOW) == told


@pytest.mark.parametrize(
    "one, told",
    [
        (ending("flow-ending", DAY, flow="web-3h"), "flow Web backup of web-3h ends"),
        (ending("flow-ending", DAY, flow="Web backup"), "flow Web backup ends"),
        (ending("flow-ending", -DAY), "flow Web backup ended"),
        (ending("flow-disabled", -DAY), "flow Web backup disabled"),
        (ending("export-expiring", DAY, destination="dlz"), "export Web backup in dlz is removed"),
        (ending("credential-expiring", DAY), "credential Web backup ends"),
        (ending("of-the-future", DAY), "Web backup ends"),
    ],
)
def test_an_end_is_said_in_words(one, told):
    assert render_what(one, NOW) == told
    assert render_when(replace(one, day_only=True)) == f"{one.when:%Y-%m-%d}"
