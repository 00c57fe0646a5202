"""The ledger does not grow without end, and what it lets go changes nothing that is said."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from auditor.ledger import Ledger
from auditor.ledger.schema import audits, pages, verdicts
from auditor.model import ChangeKind, Finding, Manifest, Severity, Unverifiable, Watched
from auditor.verify.version import VERSION
from tests.ledger.things import (
    DATASET,
    FLOW,
    HOUR,
    NOON,
    PLACE,
    audit_of,
    begin,
    changed,
    check,
    file,
    finish,
    folder,
    listing_of,
    prefix,
    run,
    verdict,
)

DAY = timedelta(days=1)
KEEP = 400 * DAY
LATER = NOON + 500 * DAY
LOOK = {"destination": PLACE}


def see(ledger: Ledger, hour: int, *, at: Any = NOON) -> None:
    """An export folder with a data file and a manifest, both read."""
    one, told = file(f"{prefix(hour)}part.gz"), file(f"{prefix(hour)}manifest.json")
    ledger.record_folders(PLACE, [folder(hour, [one], [told])], at=at)
    ledger.record_whole(PLACE, prefix(hour), at)
    ledger.record_checks(PLACE, [(one, check(one.key))], at=at, verifier=VERSION)
    ledger.record_manifests(PLACE, [Manifest(told)], at=at, verifier=VERSION)


def test_rows_of_folders_that_are_long_gone_go_and_the_verdicts_stay(ledger: Ledger) -> None:
    see(ledger, 0)
    first = audit_of(ledger, [verdict(0)])
    see(ledger, 1, at=LATER)
    rolled = ledger.roll_up(KEEP, now=LATER)
    assert (rolled.folders, rolled.files, rolled.checks, rolled.manifests) == (1, 2, 1, 1)
    assert ledger.read_audit(first).runs == (verdict(0),)
    assert [*ledger.known_checks(PLACE, "", verifier=VERSION)] == [f"{prefix(1)}part.gz"]
    assert ledger.folder_history(PLACE, DATASET)[prefix(0)].first_seen_at == NOON
    assert ledger.exports_unlike(PLACE, DATASET, {prefix(1): folder(1)}, since=NOON)[0].prefix == prefix(1)


def test_a_second_roll_up_finds_nothing(ledger: Ledger) -> None:
    see(ledger, 0)
    see(ledger, 1, at=LATER)
    assert ledger.roll_up(KEEP, now=LATER).rows
    again = ledger.roll_up(KEEP, now=LATER)
    assert (again.rows, again.folders) == (0, 0)


def test_what_still_lies_there_keeps_its_rows_however_old(ledger: Ledger) -> None:
    see(ledger, 0)
    see(ledger, 0, at=LATER)
    assert ledger.roll_up(KEEP, now=LATER).rows == 0
    assert len(ledger.known_checks(PLACE, "", verifier=VERSION)) == 1
    assert [one.prefix for one in ledger.exports_unlike(PLACE, DATASET, {}, since=NOON)] == [prefix(0)]


def test_at_a_destination_that_was_not_seen_for_long_nothing_goes(ledger: Ledger) -> None:
    see(ledger, 0)
    assert ledger.roll_up(KEEP, now=LATER).rows == 0


def test_a_folder_of_which_an_open_change_tells_keeps_its_rows(ledger: Ledger) -> None:
    see(ledger, 0)
    see(ledger, 1, at=LATER)
    gone = changed(file(f"{prefix(0)}part.gz"), kind=ChangeKind.DELETED, after=None)
    ledger.record_changes([gone])
    assert ledger.roll_up(KEEP, now=LATER).rows == 0
    (standing,) = ledger.standing_changes(PLACE)
    ledger.update_changes([replace(standing, undone_at=LATER)])
    assert ledger.roll_up(KEEP, now=LATER).files == 2


def test_a_folder_that_comes_back_is_watched_again_from_then_on(ledger: Ledger) -> None:
    see(ledger, 0)
    see(ledger, 1, at=LATER)
    ledger.roll_up(KEEP, now=LATER)
    assert ledger.exports_unlike(PLACE, DATASET, {prefix(1): folder(1)}, since=NOON)[0].prefix == prefix(1)
    see(ledger, 0, at=LATER)
    assert {one.prefix for one in ledger.exports_unlike(PLACE, DATASET, {}, since=NOON)} == {prefix(0), prefix(1)}
    assert ledger.roll_up(KEEP, now=LATER).rows == 0


def test_a_single_file_that_left_long_ago_goes_with_its_check(ledger: Ledger) -> None:
    stay, leave = file(f"{prefix(0)}a"), file(f"{prefix(0)}b")
    ledger.record_folders(PLACE, [folder(0, [stay, leave])], at=NOON)
    ledger.record_checks(PLACE, [(one, check(one.key)) for one in (stay, leave)], at=NOON, verifier=VERSION)
    ledger.record_folders(PLACE, [folder(0, [stay])], at=NOON + HOUR)
    ledger.record_folders(PLACE, [folder(0, [stay])], at=LATER)
    rolled = ledger.roll_up(KEEP, now=LATER)
    assert (rolled.folders, rolled.files, rolled.checks) == (0, 1, 1)
    assert [*ledger.known_checks(PLACE, "", verifier=VERSION)] == [stay.key]


def test_a_listing_of_what_nobody_looks_at_any_more_goes(ledger: Ledger) -> None:
    ledger.record_listing(PLACE, listing_of([file()]), shape="s", at=NOON)
    assert ledger.roll_up(KEEP, now=NOON + KEEP).listings == 0
    assert ledger.roll_up(KEEP, now=LATER).listings == 2
    assert ledger.recall_listing(PLACE, f"b/{DATASET}/") is None


def test_of_a_days_audits_the_last_stays_and_whatever_is_referred_to(ledger: Ledger) -> None:
    ledger.record_watching(f"place:{PLACE}", NOON - HOUR, gap=HOUR)
    said = [audit_of(ledger, [verdict(0)], NOON + n * HOUR, **LOOK) for n in range(10)]
    found = begin(ledger, NOON + 10 * HOUR, **LOOK)
    ledger.record_findings(found, [Finding("export-late", Severity.WARNING, "late", PLACE)], at=NOON)
    ledger.record_unverifiable(found, [Unverifiable("a place", "throttled")])
    finish(ledger, found, [Watched(FLOW, NOON)])
    last = audit_of(ledger, [verdict(0)], NOON + 11 * HOUR, **LOOK)
    other = audit_of(ledger, [verdict(0)], NOON + 10 * HOUR)  # of everything
    before = {number: ledger.read_audit(number) for number in (said[0], found, last, other)}
    assert ledger.roll_up(KEEP, now=NOON + DAY).audits == 0  # three days stay whole
    rolled = ledger.roll_up(KEEP, now=NOON + 5 * DAY)
    assert rolled.audits == 9
    assert numbers(ledger) == [said[0], found, last, other]
    assert {number: ledger.read_audit(number) for number in before} == before
    assert ledger.newest_looks([PLACE]) == {PLACE: other}


def test_audits_that_say_when_it_was_looked_before_the_service_came_all_stay(ledger: Ledger) -> None:
    for hour in range(4):
        audit_of(ledger, [verdict(0)], NOON + hour * HOUR, **LOOK)
    assert ledger.roll_up(KEEP, now=NOON + 9 * DAY).audits == 0
    ledger.record_watching(f"place:{PLACE}", NOON + 5 * HOUR, gap=HOUR)
    assert ledger.roll_up(KEEP, now=NOON + 9 * DAY).audits == 0


def test_pages_go_with_the_last_audit_that_had_them(ledger: Ledger) -> None:
    ledger.record_watching(f"place:{PLACE}", NOON - HOUR, gap=HOUR)
    for n in range(8):  # each reads of another moment since when it watched, so has a page of its own
        audit = begin(ledger, NOON + n * HOUR, **LOOK)
        ledger.record_verdicts(audit, [verdict(0)], at=NOON)
        finish(ledger, audit, [Watched(FLOW, NOON + n * HOUR)])
    before = count(ledger, pages)
    rolled = ledger.roll_up(KEEP, now=NOON + 5 * DAY)
    assert (rolled.audits, rolled.pages) == (6, 6)
    assert count(ledger, pages) == before - 6
    assert [ledger.read_audit(number).runs for number in numbers(ledger)] == [(verdict(0),)] * 2


def test_a_year_of_audits_every_five_minutes_leaves_some_of_each_day(tmp_path: Path) -> None:
    sizes = []
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        ledger.record_watching(f"place:{PLACE}", NOON - DAY, gap=DAY)
        for day in range(365):
            now = NOON + day * DAY
            ledger.record_expected([run(day * 24)], at=now)
            see(ledger, day * 24, at=now)
            # What lies there: the last 30 days.
            recent = range(max(0, day - 30), day)
            ledger.record_folders(PLACE, [as_seen(n * 24) for n in recent], at=now)
            repeat(ledger, audit_of(ledger, [verdict(n * 24) for n in (*recent, day)], now, **LOOK), 287)
            if day % 7 == 6:
                ledger.roll_up(60 * DAY, now=now)
                sizes.append((count(ledger, audits), (tmp_path / "l.db").stat().st_size))
        assert count(ledger, verdicts) == 365
        assert ledger.previous_verdicts(FLOW, DATASET, PLACE)[NOON] == verdict(0)
        assert len(ledger.known_checks(PLACE, "", verifier=VERSION)) < 120
    by_week = [after[0] - before[0] for before, after in pairwise(sizes[2:])]
    assert max(by_week) <= 2 * 7  # the first of the day, which said something new, and the last
    assert sizes[-1][1] - sizes[len(sizes) // 2][1] < 1_500_000  # bytes in half a year


def as_seen(hour: int) -> Any:
    return folder(hour, [file(f"{prefix(hour)}part.gz")], [file(f"{prefix(hour)}manifest.json")])


def repeat(ledger: Ledger, audit: int, times: int) -> None:
    """Say the same again every five minutes, as audits that find nothing new do: nothing but a row each."""

    def add(connection: Any) -> None:
        row = connection.execute(select(audits).where(audits.c.id == audit)).one()._mapping
        again = [{**row, "id": audit + n, "now": row["now"] + n * timedelta(minutes=2)} for n in range(1, times + 1)]
        connection.execute(insert(audits), again)

    ledger._write(add)


def numbers(ledger: Ledger) -> list[int]:
    with ledger._reading() as connection:
        return [*connection.execute(select(audits.c.id).order_by(audits.c.id)).scalars()]


def count(ledger: Ledger, table: Any) -> int:
    with ledger._reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
