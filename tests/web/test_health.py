"""Ready is who does all of the work in time, not who merely lives (agronholm/apscheduler#342)."""

from datetime import timedelta

import pytest

from auditor.service.health import Health, LoopHealth, judge_ready
from tests.web.served import NOW

M, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def loop(every=5 * M, *, done=None, began=None, moved=None, failed=None, asked=None, trouble=""):
    moments = [None if ago is None else NOW - ago for ago in (began, done, failed)]
    at = [None if ago is None else NOW - ago for ago in (moved, asked)]
    return LoopHealth("place:lake", every, *moments, trouble, *at)


CASES = [  # told, loop, started ago, stale
    ("done in time", loop(done=4 * M), D, False),
    ("three periods are the border itself", loop(done=15 * M), D, False),
    ("past three periods", loop(done=15 * M + timedelta(seconds=1)), D, True),
    ("never done, but just started", loop(), 10 * M, False),
    ("never done", loop(), 20 * M, True),
    ("days off are no fault of a service that just started", loop(done=3 * D), M, False),
    ("a long listing that moves on", loop(done=9 * H, began=8 * H, moved=M), D, False),
    ("a listing that stands", loop(done=9 * H, began=8 * H, moved=16 * M), D, True),
    ("fails again and again", loop(done=H, failed=M, trouble="no route"), D, True),
    ("failed once", loop(done=6 * M, failed=M, trouble="no route"), D, False),
    ("work of seconds has two minutes", loop(5 * timedelta(seconds=1), done=2 * M), D, False),
    ("daily work is not forgotten for three days", loop(D, done=D + 61 * M), 9 * D, True),
    ("daily work has an hour", loop(D, done=D + 60 * M), 9 * D, False),
    ("a moment in the future proves nothing", loop(done=-H), D, True),
    ("a clock a minute ahead is usual", loop(done=-M), D, False),
    ("nothing asks for it", loop(None, done=30 * D, began=30 * D), D, False),
    ("asked for a moment ago", loop(None, done=30 * D, asked=M), D, False),
    ("asked for, and not done for long", loop(None, done=30 * D, asked=2 * H), D, True),
    ("asked for later", loop(None, done=30 * D, asked=-5 * H), D, False),
    ("under way and moving", loop(None, done=30 * D, began=9 * H, moved=M), D, False),
    ("under way and hanging", loop(None, done=30 * D, began=9 * H, moved=2 * H), D, True),
]


@pytest.mark.parametrize("told, one, started, stale", CASES, ids=[case[0] for case in CASES])
def test_stale(told, one, started, stale):
    ready = judge_ready(Health(NOW - started, (one,)), NOW)
    assert ready.is_ready is not stale
    assert len(ready.reasons) == stale


def test_one_hanging_destination_is_named_and_the_others_are_not():
    others = [LoopHealth(f"place:p{n}", 5 * M, NOW, NOW - M) for n in range(5)]
    hanging = LoopHealth("place:p5", 5 * M, NOW - 2 * H, NOW - 3 * H, moved_at=NOW - 2 * H, trouble="")
    ready = judge_ready(Health(NOW - D, (*others, hanging)), NOW)
    assert ready.reasons == (
        "place:p5 is due every 0:05:00 and was last done at 2026-10-03 09:00 UTC, stands since 2026-10-03 10:00 UTC",
    )


NOT_READY = [
    ("is_starting", True, "it is starting: the ledger is being opened"),
    ("is_stopping", True, "it was told to stop"),
    ("ledger_trouble", "ledger x: refused", "ledger x: refused"),
]


@pytest.mark.parametrize("name, value, reason", NOT_READY)
def test_not_ready(name, value, reason):
    assert judge_ready(Health(NOW, **{name: value}), NOW).reasons == (reason,)


@pytest.mark.parametrize("name", ["config_trouble", "nobody_told"])
def test_what_takes_nothing_away_is_a_warning(name):
    ready = judge_ready(Health(NOW, **{name: "why"}), NOW)
    assert ready.is_ready
    assert "why" in ready.warnings[0]


def test_a_failure_says_why():
    one = loop(done=D, failed=M, trouble="AccessDenied: list lake")
    assert judge_ready(Health(NOW - D, (one,)), NOW).reasons[0].endswith(": AccessDenied: list lake")
