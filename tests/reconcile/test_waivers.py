"""What is put up with stays what it is: waived is neither sound nor forgotten."""

from datetime import UTC, datetime, timedelta

import pytest

from auditor.model import Arrival, Content, Finding, Severity, Status, Verdict, Waived, Waiver
from auditor.reconcile.status import judge_status
from auditor.reconcile.waivers import Scope, apply_waivers, find_waiver_faults

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = NOW - DAY
MISSING = Finding("export-missing", Severity.ERROR, "", "lake", "web-3h", "5ef3", DUE)
RUN = Verdict("web-3h", "5ef3", "lake", DUE, Arrival.MISSING, Content.UNCHECKED, findings=(MISSING,))
NAMES = {"5ef3": "Web events"}
ALL = Scope(whole=True, watched={"web-3h": NOW - 30 * DAY})


def waiver(until=NOW + DAY, **match):
    return Waiver(Waived("planned", "jo", until), **match)


def waived(*waivers, now=NOW):
    findings, runs = apply_waivers([MISSING], [RUN], waivers, names=NAMES, now=now)
    assert findings == runs[0].findings, "beside the run and in it alike"
    assert (runs[0].arrival, runs[0].content) == (RUN.arrival, RUN.content)
    return findings[0].waived is not None


@pytest.mark.parametrize(
    "told, match, holds",
    [
        ("the code alone", {"code": "export-missing"}, True),
        ("a pattern", {"flow": "web-*", "code": "export-*"}, True),
        ("a pattern must fit whole", {"flow": "web"}, False),
        ("case counts", {"flow": "WEB-3h"}, False),
        ("the dataset by id", {"dataset": "5ef3"}, True),
        ("the dataset by name", {"dataset": "Web*"}, True),
        ("another destination", {"destination": "copy"}, False),
        ("every pattern must fit", {"flow": "web-3h", "code": "file-*"}, False),
        ("the due time itself", {"due_from": DUE, "due_to": DUE}, True),
        ("the ends of a span belong to it", {"due_from": DUE - DAY, "due_to": DUE}, True),
        ("a span before it", {"due_from": DUE - DAY, "due_to": DUE - timedelta(seconds=1)}, False),
    ],
)
def test_what_a_waiver_matches(told, match, holds):
    assert waived(waiver(**match)) == holds


def test_a_due_time_is_never_that_of_a_finding_about_no_run():
    ended = Finding("flow-ended", Severity.ERROR, "", "lake", "web-3h")
    span = waiver(flow="web-3h", due_from=DUE - DAY, due_to=NOW)
    assert apply_waivers([ended], [], [span], names={}, now=NOW)[0] == (ended,)


def test_a_waiver_holds_up_to_its_end():
    one = waiver(code="export-missing", until=NOW)
    assert waived(one)
    assert not waived(one, now=NOW + timedelta(seconds=1))


def test_a_waived_error_is_no_finding_for_the_status_and_makes_nothing_good():
    good = Verdict("web-3h", "5ef3", "lake", NOW, Arrival.ON_TIME, Content.SOUND, folder="f/")
    findings, runs = apply_waivers([MISSING], [RUN, good], [waiver(code="export-missing")], names={}, now=NOW)
    assert judge_status(runs, findings, [], fail_on=Severity.ERROR) is Status.GOOD
    assert judge_status(runs[:1], findings, [], fail_on=Severity.ERROR) is Status.INCOMPLETE, "nothing was checked"
    unknown = Verdict("web-3h", "5ef3", "lake", NOW, Arrival.UNKNOWN, Content.UNVERIFIABLE)
    assert judge_status([*runs, unknown], findings, [], fail_on=Severity.ERROR) is Status.INCOMPLETE


def told(waivers, scope=ALL, findings=(MISSING,), now=NOW):
    given, _ = apply_waivers(findings, [], waivers, names=NAMES, now=now)
    return [(f.code, str(f.severity)) for f in find_waiver_faults(given, waivers, scope, names=NAMES, now=now)]


OVER = waiver(code="export-missing", until=NOW - DAY)
UNUSED = waiver(code="file-corrupt")


@pytest.mark.parametrize(
    "what, waivers, scope, expected",
    [
        ("a waiver that holds is no news", [waiver(code="export-missing")], ALL, []),
        ("one that is over and would still match", [OVER], ALL, [("waiver-expired", "warning")]),
        ("unless another one holds", [OVER, waiver(code="export-missing")], ALL, []),
        ("one that matches nothing", [UNUSED], ALL, [("waiver-unused", "info")]),
        ("not where only part was looked at", [UNUSED], Scope(whole=False), []),
        ("not where a place could not be seen", [UNUSED], Scope(whole=True, blind={"lake"}), []),
        (
            "but where it is about another place",
            [waiver(destination="copy")],
            Scope(whole=True, blind={"lake"}),
            [("waiver-unused", "info")],
        ),
        ("not about runs still to come", [waiver(due_from=NOW, due_to=NOW + DAY)], ALL, []),
        ("not about runs that are not watched", [waiver(due_from=NOW - 40 * DAY, due_to=NOW - 39 * DAY)], ALL, []),
        ("about watched runs without fault", [waiver(due_from=NOW - 9 * DAY, due_to=NOW - 8 * DAY)], ALL,
         [("waiver-unused", "info")]),
    ],
)  # fmt: skip
def test_waivers_are_not_forgotten(what, waivers, scope, expected):
    assert told(waivers, scope) == expected
