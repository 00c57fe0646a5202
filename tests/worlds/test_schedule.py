"""The generator's own arithmetic of due times, against lists written by hand."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from auditor.worlds.schedule import list_due_times, max_age, patience
from tests.worlds.small import DAILY, WEB, at

CASES = [
    ("every three hours", WEB, at(1, 9), [at(1), at(1, 3), at(1, 6), at(1, 9)]),
    ("not before it is due", WEB, at(1, 8, 59, 59), [at(1), at(1, 3), at(1, 6)]),
    ("nothing before the start", WEB, at(1) - timedelta(seconds=1), []),
    ("the end itself is due", replace(WEB, end=at(1, 6)), at(2), [at(1), at(1, 3), at(1, 6)]),
    ("an end between two due times", replace(WEB, end=at(1, 5)), at(2), [at(1), at(1, 3)]),
    ("daily at the minute of the start", DAILY, at(3, 12), [at(1, 2, 30), at(2, 2, 30), at(3, 2, 30)]),
    ("once", replace(DAILY, every=None, mode="once"), at(9), [at(1, 2, 30)]),
    ("once, not yet", replace(DAILY, every=None, mode="once"), at(1), []),
    (
        "a day without exports",
        replace(DAILY, exceptions=(date(2026, 10, 2),)),
        at(3, 12),
        [at(1, 2, 30), at(3, 2, 30)],
    ),
]


@pytest.mark.parametrize("told, flow, until, due", CASES, ids=[case[0] for case in CASES])
def test_due_times(told, flow, until, due):
    assert list_due_times(flow, until) == due


def test_the_windows_are_those_of_the_product():
    hours = [(flow.every, patience(flow, at(9))) for flow in (WEB, replace(WEB, every=timedelta(hours=12)), DAILY)]
    assert [(w.grace, w.deadline) for _, w in hours] == [
        (timedelta(minutes=150), timedelta(hours=6)),
        (timedelta(minutes=150), timedelta(hours=6)),
        (timedelta(hours=4), timedelta(hours=12)),
    ]
    first = patience(WEB, WEB.start)
    assert (first.grace, first.deadline) == (timedelta(hours=24), timedelta(hours=72))
    assert patience(replace(WEB, mode="full"), WEB.start).grace == timedelta(minutes=150)


def test_the_age_limits_are_those_of_the_product():
    assert max_age(WEB) == timedelta(hours=12)
    assert max_age(replace(WEB, every=timedelta(hours=8))) == timedelta(hours=12)
    assert max_age(replace(WEB, every=timedelta(hours=12))) == timedelta(hours=18)
    assert max_age(DAILY) == timedelta(hours=36)
    assert max_age(replace(DAILY, every=None)) is None
