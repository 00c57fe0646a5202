"""One letter for each run: never a good one for what is bad or unknown."""

import dataclasses
from itertools import product

import pytest

from auditor.model import Arrival, Content, Finding, Severity, Verdict, Waived
from auditor.report.marks import GROUPS, LETTERS, MEANINGS, Group, Mark, judge_mark
from tests.report.example import NOW, START

PAIRS = [(a, c) for a, c in product(Arrival, Content) if a is not Arrival.UNEXPECTED]
ABSENT = Finding("export-missing", Severity.ERROR, "none came")
PARDONED = dataclasses.replace(ABSENT, waived=Waived("known", "ops", NOW))
ERROR = Finding("manifest-missing", Severity.ERROR, "none came")
WAIVER = Waived("known", "ops", NOW)


def make_run(arrival: Arrival, content: Content, *findings: Finding, here: bool = True) -> Verdict:
    folder = "f/" if here else ""
    return Verdict("flow", "dataset", "lake", START, arrival, content, folder=folder, findings=findings)


def test_each_mark_has_a_letter_of_its_own_and_words():
    assert set(LETTERS) == set(MEANINGS) == set(GROUPS) == set(Mark)
    assert len(set(LETTERS.values())) == len(set(MEANINGS.values())) == len(Mark)


@pytest.mark.parametrize("arrival, content", PAIRS)
@pytest.mark.parametrize("here", [True, False])
def test_only_what_is_sound_or_proven_not_needed_is_good(arrival, content, here):
    mark = judge_mark(make_run(arrival, content, here=here))
    if mark.group is Group.GOOD:
        assert content is Content.SOUND or arrival is Arrival.NOT_NEEDED
        assert arrival in (Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.NOT_NEEDED)
    if content in (Content.DAMAGED, Content.INCOMPLETE) or arrival is Arrival.MISSING:
        assert mark.group is Group.BAD
    if arrival is Arrival.UNKNOWN and content not in (Content.DAMAGED, Content.INCOMPLETE):
        assert mark is Mark.UNKNOWN


CASES = [  # arrival, content, findings, here, mark
    (Arrival.ON_TIME, Content.SOUND, (), True, Mark.SOUND),
    (Arrival.EARLY, Content.SOUND, (), True, Mark.EARLY),
    (Arrival.LATE, Content.SOUND, (), True, Mark.LATE),
    (Arrival.LATE, Content.UNCHECKED, (), False, Mark.OVERDUE),
    (Arrival.LATE, Content.UNCHECKED, (), True, Mark.UNKNOWN),
    (Arrival.ON_TIME, Content.SOUND, (ERROR,), True, Mark.FLAGGED),
    (Arrival.ON_TIME, Content.SOUND, (dataclasses.replace(ERROR, waived=WAIVER),), True, Mark.SOUND),
    (Arrival.MISSING, Content.UNCHECKED, (ABSENT,), False, Mark.MISSING),
    (Arrival.MISSING, Content.UNCHECKED, (PARDONED,), False, Mark.WAIVED),
    (Arrival.MISSING, Content.UNCHECKED, (PARDONED, ABSENT), False, Mark.MISSING),
    (Arrival.MISSING, Content.UNCHECKED, (PARDONED, ERROR), False, Mark.MISSING),
    (Arrival.ON_TIME, Content.INCOMPLETE, (dataclasses.replace(ERROR, waived=WAIVER),), True, Mark.WAIVED),
    (Arrival.ON_TIME, Content.DAMAGED, (PARDONED,), True, Mark.DAMAGED),
    (Arrival.UNKNOWN, Content.UNVERIFIABLE, (ERROR,), False, Mark.UNKNOWN),
]


@pytest.mark.parametrize("arrival, content, findings, here, mark", CASES)
def test_mark(arrival, content, findings, here, mark):
    assert judge_mark(make_run(arrival, content, *findings, here=here)) is mark
