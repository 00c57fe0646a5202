"""When an export is on time, late, missing: each rule, each border and one second beside it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.model import Arrival, ArrivalClock, EmptyRuns
from auditor.reconcile.arrival import Expectations, find_copied, judge_arrival
from tests.reconcile.worlds import at, folder, manifest_of, named, run, sight, with_files

RUN = run("06:00")  # early from 05:50, late after 08:30, missing after 12:00, settle 15 minutes
HOW = Expectations()


@pytest.mark.parametrize(
    "told, now, arrival",
    [
        ("silence before it is due is no news", "05:00", "pending"),
        ("silence inside the grace is no news", "08:29:59", "pending"),
        ("the border of the grace belongs to the better answer", "08:30", "pending"),
        ("a second past the grace it is late", "08:30:01", "late"),
        ("the border of the deadline belongs to the better answer", "12:00", "late"),
        ("a second past the deadline it is missing", "12:00:01", "missing"),
    ],
)
def test_without_a_folder(told, now, arrival):
    assert judge_arrival(RUN, None, HOW, now=at(now)) == arrival


@pytest.mark.parametrize(
    "told, modified, arrival",
    [
        ("a second before the earliest time is early", "05:49:59", "early"),
        ("the earliest time itself is on time", "05:50", "on_time"),
        ("the border of the grace is on time", "08:30", "on_time"),
        ("a second later is late", "08:30:01", "late"),
        ("past the deadline it is late, no longer missing", "20:00", "late"),
    ],
)
def test_with_a_folder(told, modified, arrival):
    assert judge_arrival(RUN, sight(with_files("06:00", modified)), HOW, now=at("23:00")) == arrival


@pytest.mark.parametrize(
    "told, now, arrival",
    [
        ("a folder that still changes is arriving", "06:20", "arriving"),
        ("a second before it has settled it is arriving", "06:29:59", "arriving"),
        ("unchanged for exactly the settling time it is judged", "06:30", "on_time"),
    ],
)
def test_settling(told, now, arrival):
    assert judge_arrival(RUN, sight(with_files("06:00", "06:15")), HOW, now=at(now)) == arrival


def test_a_folder_whole_by_its_manifest_needs_no_settling():
    whole = with_files("06:00", "06:15")
    seen = sight(whole, manifests=(manifest_of(whole, ("part-00000.json.gz", 100)),))
    assert judge_arrival(RUN, seen, HOW, now=at("06:15:01")) == Arrival.ON_TIME


@pytest.mark.parametrize("entries", [(), (("part-00000.json.gz", None),)], ids=["a file unlisted", "no size listed"])
def test_a_manifest_that_does_not_say_when_all_is_there_leaves_the_settling(entries):
    here = with_files("06:00", "06:15")
    seen = sight(
        here, manifests=(replace(manifest_of(here, *entries), file=named(here, "manifest-f-r.json", "06:01")),)
    )
    assert judge_arrival(RUN, seen, HOW, now=at("06:15:01")) == Arrival.ARRIVING
    assert judge_arrival(RUN, seen, HOW, now=at("06:30")) == Arrival.ON_TIME


def test_a_manifest_that_lists_more_than_is_there_leaves_the_folder_arriving():
    half = with_files("06:00", "06:15")
    seen = sight(half, manifests=(manifest_of(half, ("part-00000.json.gz", 100), ("part-00001.json.gz", 9)),))
    assert judge_arrival(RUN, seen, HOW, now=at("06:20")) == Arrival.ARRIVING
    assert judge_arrival(RUN, seen, HOW, now=at("06:30")) == Arrival.ON_TIME  # settled: judged as it stands


def test_a_configured_manifest_is_waited_for_until_the_grace_ends():
    how = replace(HOW, manifest=True)
    seen = sight(with_files("06:00", "06:15"))
    assert judge_arrival(RUN, seen, how, now=at("08:30")) == Arrival.ARRIVING
    assert judge_arrival(RUN, seen, how, now=at("08:30:01")) == Arrival.ON_TIME


def test_a_manifest_that_came_and_could_not_be_read_is_not_waited_for():
    here = with_files("06:00", "06:15")
    unread = replace(manifest_of(here), unreadable="access denied")
    seen, how = sight(here, manifests=(unread,)), replace(HOW, manifest=True)
    assert judge_arrival(RUN, seen, how, now=at("06:20")) == Arrival.ARRIVING
    assert judge_arrival(RUN, seen, how, now=at("06:30")) == Arrival.ON_TIME


def test_an_upload_under_way_is_arriving_until_the_deadline():
    bare = with_files("06:00", "06:15")
    growing = replace(bare, temporary=(named(bare, "part-00001.json.gz.filepart", "06:16"),))
    assert judge_arrival(RUN, sight(growing), HOW, now=at("12:00")) == Arrival.ARRIVING
    assert judge_arrival(RUN, sight(growing), HOW, now=at("12:00:01")) == Arrival.ON_TIME


def test_a_change_that_only_the_ledger_noticed_starts_the_settling_again():
    """apache/airflow#9817: "unchanged" must not mean the same number of objects."""
    seen = sight(with_files("06:00", "06:15"), changed_seen_at=at("07:00"))
    assert judge_arrival(RUN, seen, HOW, now=at("07:10")) == Arrival.ARRIVING
    assert judge_arrival(RUN, seen, HOW, now=at("07:15")) == Arrival.ON_TIME


def test_a_second_delivery_into_the_folder_does_not_make_it_late():
    seen = sight(with_files("06:00", "20:00"), whole_at=at("06:30"))
    assert judge_arrival(RUN, seen, HOW, now=at("23:00")) == Arrival.ON_TIME


def test_the_export_time_can_be_the_clock():
    how = replace(HOW, clock=ArrivalClock.EXPORT_TIME)
    assert judge_arrival(RUN, sight(with_files("06:07", "20:00")), how, now=at("23:00")) == Arrival.ON_TIME


@pytest.mark.parametrize(
    "told, export_time, now, arrival",
    [
        ("its files may still come until the grace ends", "06:00", "08:30", "arriving"),
        ("after that its stamp is the only time it has", "06:00", "08:30:01", "on_time"),
        ("a late stamp makes it late", "09:00", "23:00", "late"),
    ],
)
def test_a_folder_without_files(told, export_time, now, arrival):
    assert judge_arrival(RUN, sight(folder(export_time)), HOW, now=at(now)) == arrival


def test_leftovers_of_an_upload_alone_are_never_on_time():
    bare = folder("06:00")
    growing = replace(bare, temporary=(named(bare, "part-00001.json.gz.filepart", "06:16"),))
    assert judge_arrival(RUN, sight(growing), HOW, now=at("12:00")) == Arrival.ARRIVING
    assert judge_arrival(RUN, sight(growing), HOW, now=at("12:00:01")) == Arrival.LATE


def test_no_folder_where_one_was_seen_is_missing_however_empty_runs_look():
    how = replace(HOW, empty_runs=EmptyRuns.NO_FOLDER)
    assert judge_arrival(RUN, None, how, now=at("11:00"), seen_before=True) == Arrival.LATE
    assert judge_arrival(RUN, None, how, now=at("13:00"), seen_before=True) == Arrival.MISSING


def test_what_retention_is_removing_file_by_file_is_expired_and_not_incomplete():
    how = replace(HOW, retain=timedelta(days=7))
    half = with_files("06:00", "06:15")
    listed = manifest_of(half, ("part-00000.json.gz", 100), ("part-00001.json.gz", 9))
    for seen in (sight(half, manifests=(listed,)), sight(folder("06:00"))):
        assert judge_arrival(RUN, seen, how, now=at("8T06:00")) == Arrival.ON_TIME
        assert judge_arrival(RUN, seen, how, now=at("8T06:00:01")) == Arrival.EXPIRED
    assert judge_arrival(RUN, sight(half), how, now=at("9T06:00")) == Arrival.ON_TIME  # all there: still good


def test_no_folder_can_mean_nothing_new_where_that_is_configured():
    how = replace(HOW, empty_runs=EmptyRuns.NO_FOLDER)
    assert judge_arrival(RUN, None, how, now=at("11:00")) == Arrival.PENDING
    assert judge_arrival(RUN, None, how, now=at("13:00")) == Arrival.UNKNOWN


def test_what_retention_removes_is_expired_if_seen_and_unknown_if_not():
    how = replace(HOW, retain=timedelta(days=7))
    assert judge_arrival(RUN, None, how, now=at("8T06:00")) == Arrival.MISSING
    assert judge_arrival(RUN, None, how, now=at("8T06:00:01")) == Arrival.UNKNOWN
    assert judge_arrival(RUN, None, how, now=at("8T06:00:01"), seen_before=True) == Arrival.EXPIRED


def copies(days: range, modified: str):
    return [(run(f"{day}T06:00"), sight(with_files(f"{day}T06:00", modified))) for day in days]


def test_old_exports_with_one_copy_date_are_recognised():
    pairs = copies(range(1, 8), "9T10:00")
    assert find_copied(pairs) == tuple(pairs)


def test_a_burst_after_an_outage_is_late_and_no_copy():
    pairs = [(run(f"{h:02d}:00"), sight(with_files(f"{h:02d}:00", "23:00"))) for h in (0, 3, 6, 9)]
    assert find_copied(pairs) == ()


def test_exports_that_came_by_themselves_end_the_copied_part():
    fresh = [(run(f"{day}T06:00"), sight(with_files(f"{day}T06:00", f"{day}T06:20"))) for day in range(9, 12)]
    old = copies(range(1, 8), "8T20:00")
    assert find_copied(old + fresh) == tuple(old)
