"""A copied bucket up to its newest export: what the copy dated is not called late."""

from datetime import timedelta

from auditor.reconcile.arrival import find_copied
from tests.reconcile.worlds import at, run, sight, with_files


def copy_of(dues, begun, step=timedelta(seconds=20)):
    """One export per due time, copied one after the other from `begun` on."""
    moments = [f"{at(begun) + number * step:%dT%H:%M:%S}".removeprefix("0") for number in range(len(dues))]
    return [(run(due), sight(with_files(due, moment))) for due, moment in zip(dues, moments, strict=True)]


OLD = [f"{day}T06:00" for day in range(1, 8)]


def test_the_newest_exports_of_a_copy_are_copied_too_inside_their_deadline():
    pairs = copy_of([*OLD, "8T03:00", "8T06:00"], "8T10:00")  # past 05:30 and 08:30; 06:00 may still come until 12:00
    assert find_copied(pairs) == tuple(pairs)


def test_an_export_that_is_on_time_by_the_date_of_the_copy_needs_no_excuse():
    pairs = copy_of([*OLD, "8T09:00"], "8T10:00")
    assert find_copied(pairs) == tuple(pairs[:-1])


def test_a_late_export_that_came_long_after_the_copy_stays_late():
    late = (run("9T06:00"), sight(with_files("9T06:00", "9T11:00")))
    old = copy_of(OLD, "8T10:00")
    assert find_copied([*old, late]) == tuple(old)
