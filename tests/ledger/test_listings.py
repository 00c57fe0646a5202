"""The last listing of a prefix comes back as it was, whatever was written in between."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import ObjectInfo
from auditor.ledger import Ledger
from auditor.scan import Recalled
from auditor.scan.earlier import OBJECTS_PER_PART, pack, unpack
from tests.ledger.things import DATASET, HOUR, NOON, PLACE, file, listing_of, moments, texts

PREFIX = f"b/{DATASET}/"


def files(*numbers: int):
    return [file(f"{PREFIX}{n:05d}", size=n) for n in numbers]


def keys(ledger: Ledger) -> list[str]:
    kept = ledger.recall_listing(PLACE, PREFIX)
    return [info.key.removeprefix(PREFIX) for part in kept.parts for info in unpack(part)] if kept else []


def keep(ledger: Ledger, numbers, *, at=NOON, **more) -> bool:
    return ledger.record_listing(PLACE, listing_of(files(*numbers), **more), shape="s", at=at)


@given(
    st.lists(st.builds(ObjectInfo, texts, st.integers(0, 2**60), moments, texts, archived=st.booleans()), min_size=1)
)
def test_whatever_is_listed_is_unpacked_as_it_was(objects):
    part = pack(objects)
    assert list(unpack(part)) == objects
    assert (part.first, part.last, part.count) == (
        min(o.key for o in objects),
        max(o.key for o in objects),
        len(objects),
    )
    assert part.newest == max(o.modified for o in objects)


def test_a_part_may_hold_names_that_no_database_keeps(ledger: Ledger) -> None:
    odd = [replace(file(PREFIX + name), version="\0\\") for name in ("\0", "\udc80\udcff", "\ud83d\ude00", "\\u", "é")]
    ledger.record_listing(PLACE, listing_of(odd), shape="s", at=NOON)
    kept = ledger.recall_listing(PLACE, PREFIX)
    assert kept
    assert [(o.key, o.version) for part in kept.parts for o in unpack(part)] == [(f.key, f.version) for f in odd]
    assert (kept.parts[0].first, kept.parts[0].last) == (min(f.key for f in odd), max(f.key for f in odd))


def test_nothing_is_remembered_of_what_was_never_listed_or_is_forgotten(ledger: Ledger) -> None:
    assert ledger.recall_listing(PLACE, PREFIX) is None
    keep(ledger, range(5))
    assert ledger.recall_listing("elsewhere", PREFIX) is None
    ledger.forget_listing(PLACE, PREFIX)
    assert ledger.recall_listing(PLACE, PREFIX) is None


def test_a_full_listing_takes_the_place_of_all_there_was(ledger: Ledger) -> None:
    keep(ledger, range(350))
    keep(ledger, range(20), at=NOON + HOUR)
    kept = ledger.recall_listing(PLACE, PREFIX)
    assert len(keys(ledger)) == 20
    assert kept
    assert (kept.looked_at, kept.fully_at, kept.shape) == (NOON + HOUR, NOON + HOUR, "s")


def test_a_listing_in_part_keeps_what_came_before_it_and_when_that_was_seen(ledger: Ledger) -> None:
    keep(ledger, range(350))
    tail = range(2 * OBJECTS_PER_PART, 320)
    part = {"start_at": f"{PREFIX}00250", "fully_at": NOON, "kept": 2, "revision": 1}
    assert keep(ledger, tail, at=NOON + HOUR, **part)
    assert keys(ledger) == [f"{n:05d}" for n in range(320)]
    kept = ledger.recall_listing(PLACE, PREFIX)
    assert kept
    assert (kept.looked_at, kept.fully_at, kept.revision) == (NOON + HOUR, NOON, 2)


def test_a_listing_in_part_does_not_mix_with_what_another_audit_wrote_meanwhile(ledger: Ledger) -> None:
    keep(ledger, range(350))
    keep(ledger, range(10), at=NOON + HOUR)
    assert not keep(ledger, range(340, 360), start_at=f"{PREFIX}00340", fully_at=NOON, kept=3, revision=1)
    assert keys(ledger) == [f"{n:05d}" for n in range(10)]


@pytest.mark.parametrize("forgotten", [True, False])
def test_a_listing_in_part_is_nothing_without_what_it_stands_on(ledger: Ledger, forgotten: bool) -> None:
    if forgotten:
        keep(ledger, range(350))
        ledger.forget_listing(PLACE, PREFIX)
    assert not keep(ledger, range(340, 360), start_at=f"{PREFIX}00340", fully_at=NOON, kept=3, revision=1)
    assert ledger.recall_listing(PLACE, PREFIX) is None


@settings(max_examples=40, deadline=None)
@given(
    before=st.sets(st.integers(0, 400)), now=st.sets(st.integers(0, 450)), start=st.integers(0, 420), rng=st.randoms()
)
def test_before_and_from_a_key_there_is_everything_once(before, now, start, rng):
    """Also where a destination lists in no order at all."""
    mixed = rng.sample(sorted(before), len(before))
    recalled = Recalled(listing_of(files(*mixed)).parts or (), 1, NOON, NOON, NOON)
    start_at = f"{PREFIX}{start:05d}"
    older, standing = list(recalled.before(start_at)), list(recalled.standing(start_at))
    assert sorted(o.key for o in older + standing) == sorted(f.key for f in files(*before))
    assert all(o.key < start_at for o in older)
    kept = recalled.kept(start_at)
    assert all(part.last < start_at for part in recalled.parts[:kept])
    rest = [o.key for o in recalled.before(start_at, skip=kept)]
    assert sorted([o.key for part in recalled.parts[:kept] for o in unpack(part)] + rest) == sorted(
        o.key for o in older
    )


def test_what_retention_may_have_taken_need_not_stand_any_more():
    old, young = replace(file(f"{PREFIX}1"), modified=NOON - 9 * HOUR), file(f"{PREFIX}2")
    parts = listing_of([old, young]).parts or ()
    recalled = Recalled(parts, 1, NOON, NOON, NOON, expired_before=NOON - 8 * HOUR)
    assert [o.key for o in recalled.standing(PREFIX)] == [young.key]
    assert [o.key for o in replace(recalled, expired_before=None).standing(PREFIX)] == [old.key, young.key]


def test_what_changed_shortly_before_it_was_seen_is_not_at_rest():
    young = replace(file(f"{PREFIX}2"), modified=NOON + timedelta(seconds=1))
    recalled = Recalled(listing_of([file(f"{PREFIX}1"), young]).parts or (), 1, NOON, NOON, unsettled_after=NOON)
    assert list(recalled.unsettled()) == [young.key]
