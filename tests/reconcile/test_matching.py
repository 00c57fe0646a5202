"""Which folder belongs to which run."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from auditor.reconcile.matching import match_folders
from tests.reconcile.worlds import at, folder, run


def matched(dues: list[str], exports: list[str], now: str = "5T00:00"):
    """The export time matched to each due, then duplicates, then unexpected ones."""
    match = match_folders([run(d) for d in dues], [folder(e) for e in exports], now=at(now))
    return (
        [f"{f.export_time:%H:%M}" if f else None for _, f in match.runs],
        [f"{f.export_time:%H:%M}" for f, _ in match.duplicates],
        [f"{f.export_time:%H:%M}" for f in match.unexpected],
    )


def test_each_run_gets_the_folder_of_its_time():
    assert matched(["00:00", "03:00"], ["00:00", "03:00"]) == (["00:00", "03:00"], [], [])


def test_a_chain_is_never_shifted_to_fill_a_gap():
    dues = ["00:00", "03:00", "06:00", "09:00"]
    assert matched(dues, ["03:00", "06:00", "09:00"]) == ([None, "03:00", "06:00", "09:00"], [], [])


def test_a_stamp_some_minutes_after_the_due_time_is_matched():
    assert matched(["00:00", "03:00"], ["00:07", "03:02"]) == (["00:07", "03:02"], [], [])


def test_of_two_equally_near_folders_the_one_at_or_after_wins():
    assert matched(["06:00"], ["05:55", "06:05"]) == (["06:05"], ["05:55"], [])


def test_the_borders_of_the_window_belong_to_it():
    assert matched(["06:00"], ["05:50"]) == (["05:50"], [], [])
    assert matched(["06:00"], ["12:00"]) == (["12:00"], [], [])
    assert matched(["06:00"], ["05:49"]) == ([None], [], ["05:49"])
    assert matched(["06:00"], ["12:01"]) == ([None], [], ["12:01"])


def test_a_second_folder_inside_the_grace_is_a_duplicate_and_later_an_unexpected_one():
    assert matched(["06:00"], ["06:00", "08:30", "08:31"]) == (["06:00"], ["08:30"], ["08:31"])


def test_a_folder_dated_in_the_future_fills_nothing():
    assert matched(["06:00"], ["06:00"], now="05:50") == (["06:00"], [], [])
    assert matched(["06:00"], ["06:00"], now="05:49") == ([None], [], ["06:00"])


def test_a_retry_hours_later_fills_the_run_that_has_nothing():
    assert matched(["00:00", "03:00"], ["03:00", "04:00"]) == (["04:00", "03:00"], [], [])


MINUTES = st.lists(st.integers(0, 3 * 24 * 60), unique=True, max_size=30)


@given(dues=MINUTES, exports=MINUTES)
def test_every_run_and_every_folder_stands_in_the_answer_once(dues, exports):
    start = at("00:00")
    runs = [run(f"{(m := start + timedelta(minutes=d)).day}T{m:%H:%M}") for d in sorted(dues)]
    folders = [folder(f"{(m := start + timedelta(minutes=e)).day}T{m:%H:%M}") for e in exports]
    match = match_folders(runs, folders, now=at("20T00:00"))
    assert [r for r, _ in match.runs] == runs
    seen = [f for _, f in match.runs if f] + [f for f, _ in match.duplicates] + list(match.unexpected)
    assert sorted(f.prefix for f in seen) == sorted(f.prefix for f in folders)
    for r, f in match.runs:
        assert f is None or r.early_from <= f.export_time <= r.missing_after
    free = [r for r, f in match.runs if f is None]
    for f in [f for f, _ in match.duplicates] + list(match.unexpected):
        assert not any(r.early_from <= f.export_time <= r.missing_after for r in free), (
            "a run and a folder both left over"
        )


@given(dues=MINUTES, exports=MINUTES)
def test_the_order_of_the_listing_does_not_matter(dues, exports):
    start = at("00:00")
    runs = [run(f"{(m := start + timedelta(minutes=d)).day}T{m:%H:%M}") for d in sorted(dues)]
    folders = [folder(f"{(m := start + timedelta(minutes=e)).day}T{m:%H:%M}") for e in exports]
    forward = match_folders(runs, folders, now=at("20T00:00"))
    backward = match_folders(runs, folders[::-1], now=at("20T00:00"))
    assert forward.runs == backward.runs
