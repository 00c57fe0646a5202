"""Expected against found: nothing missed, nothing invented."""

import pytest

from auditor.worlds import compare_findings, render_difference

MISSING = {
    "code": "export-missing",
    "severity": "error",
    "flow": "web",
    "dataset": "d",
    "destination": "lake",
    "due": "2026-10-01T00:00:00Z",
}
FOUND = {**MISSING, "key": "", "message": "No folder came.", "evidence": {}}


def test_equal_findings_are_equal():
    difference = compare_findings([MISSING], [FOUND])
    assert difference.equal
    assert difference.matched == 1


def test_nothing_expected_and_nothing_found_is_equal():
    assert compare_findings([], []).equal


@pytest.mark.parametrize("field", list(MISSING))
def test_each_part_of_the_identity_counts(field):
    difference = compare_findings([MISSING], [{**FOUND, field: "other"}])
    assert (len(difference.missed), len(difference.invented), difference.matched) == (1, 1, 0)


def test_a_finding_twice_is_not_a_finding_once():
    assert compare_findings([MISSING, MISSING], [FOUND]).missed == (MISSING,)
    assert compare_findings([MISSING], [FOUND, FOUND]).invented == (FOUND,)


def test_a_key_counts_only_where_one_is_expected():
    assert compare_findings([MISSING], [{**FOUND, "key": "a/b"}]).equal
    assert compare_findings([{**MISSING, "key": "a/b"}], [{**FOUND, "key": "a/b"}]).equal
    assert not compare_findings([{**MISSING, "key": "a/b"}], [{**FOUND, "key": "a/c"}]).equal


def test_findings_with_a_key_choose_before_those_without():
    expected = [MISSING, {**MISSING, "key": "a"}]
    assert compare_findings(expected, [{**FOUND, "key": "a"}, {**FOUND, "key": "b"}]).equal
    assert compare_findings(expected, [{**FOUND, "key": "b"}, {**FOUND, "key": "a"}]).equal


def test_absent_null_and_empty_subjects_are_the_same():
    ended = {"code": "flow-ended", "severity": "error", "flow": "web", "destination": "lake"}
    assert compare_findings([ended], [{**ended, "dataset": "", "due": None, "key": ""}]).equal


def test_the_difference_is_readable_and_inert():
    text = render_difference(compare_findings([MISSING], [{**FOUND, "code": "x", "key": "\x1b[2J\nfoo\u202e"}]))
    lines = text.splitlines()
    assert lines[0] == "0 as expected, 1 missed, 1 invented"
    assert lines[1].startswith('- missed:   {"code": "export-missing"')
    assert lines[2].startswith('+ invented: {"code": "x"')
    assert len(lines) == 3
    assert text.isascii()
    assert "\x1b" not in text
