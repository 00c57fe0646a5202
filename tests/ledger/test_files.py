"""What is kept of files and folders, and what a later look may change of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.ledger import FolderHistory, Ledger, LedgerError
from auditor.model import Content, FileCheck, Level, Manifest, StoredFile
from tests.ledger.things import DATASET, HOUR, NOON, PLACE, check, file, folder, prefix, run

KEY = file().key
SOUND, DAMAGED, UNVERIFIABLE, UNCHECKED = Content.SOUND, Content.DAMAGED, Content.UNVERIFIABLE, Content.UNCHECKED

SECOND_LOOKS = [  # told, first, its verifier, second, its verifier, which stays
    ("a deeper look replaces", (SOUND, 1), "1", (SOUND, 3), "1", 2),
    ("a shallower one does not", (SOUND, 3), "1", (SOUND, 1), "1", 1),
    ("the same again is newer", (SOUND, 3), "1", (SOUND, 3), "1", 2),
    ("throttling does not undo a proof", (SOUND, 3), "1", (UNVERIFIABLE, 0), "1", 1),
    ("nor does a look not taken", (DAMAGED, 2), "1", (UNCHECKED, 0), "1", 1),
    ("nor by another verifier", (SOUND, 3), "1", (UNVERIFIABLE, 0), "2", 1),
    ("damage replaces soundness", (SOUND, 3), "1", (DAMAGED, 1), "1", 2),
    ("soundness replaces damage where it got further", (DAMAGED, 2), "1", (SOUND, 3), "1", 2),
    ("not where it did not look as deep", (DAMAGED, 2), "1", (SOUND, 2), "1", 1),
    ("damage found again is newer", (DAMAGED, 2), "1", (DAMAGED, 1), "1", 2),
    ("a proof replaces ignorance", (UNVERIFIABLE, 0), "1", (SOUND, 1), "1", 2),
    ("ignorance may change its reason", (UNVERIFIABLE, 0), "1", (UNVERIFIABLE, 0), "1", 2),
    ("a newer verifier replaces an older one", (SOUND, 3), "1", (SOUND, 1), "2", 2),
]


@pytest.mark.parametrize("told, first, one, second, two, stays", SECOND_LOOKS, ids=[c[0] for c in SECOND_LOOKS])
def test_of_one_fingerprint_the_best_knowledge_stays(
    ledger: Ledger,
    told: str,
    first: tuple[Content, int],
    one: str,
    second: tuple[Content, int],
    two: str,
    stays: int,
) -> None:
    looks = [replace(check(KEY, c, Level(level)), records=n) for n, (c, level) in enumerate((first, second), 1)]
    ledger.record_checks(PLACE, [(file(), looks[0])], at=NOON, verifier=one)
    ledger.record_checks(PLACE, [(file(), looks[1])], at=NOON + HOUR, verifier=two)
    known = {v: ledger.known_checks(PLACE, KEY, verifier=v) for v in ("1", "2")}
    assert known[(one, two)[stays - 1]] == {KEY: (file(), looks[stays - 1])}


def test_what_an_older_verifier_said_is_not_offered_again(ledger: Ledger) -> None:
    ledger.record_checks(PLACE, [(file(), check(KEY))], at=NOON, verifier="1")
    assert ledger.known_checks(PLACE, "", verifier="2") == {}
    assert ledger.known_checks("other", "", verifier="1") == {}


CHANGES = [
    replace(file(), size=11),
    replace(file(), version="v2"),
    replace(file(), modified=NOON + timedelta(microseconds=1)),
]


@pytest.mark.parametrize("changed", CHANGES, ids=["size", "version", "modified"])
def test_a_changed_file_is_known_by_its_newest_fingerprint(ledger: Ledger, changed: StoredFile) -> None:
    ledger.record_checks(PLACE, [(file(), check(KEY))], at=NOON, verifier="1")
    bad = check(KEY, UNVERIFIABLE, Level.L0)
    ledger.record_checks(PLACE, [(changed, bad)], at=NOON + HOUR, verifier="1")
    assert ledger.known_checks(PLACE, "", verifier="1") == {KEY: (changed, bad)}
    ledger.record_checks(PLACE, [(file(), check(KEY))], at=NOON + 2 * HOUR, verifier="1")  # the old one came back
    assert ledger.known_checks(PLACE, "", verifier="1") == {KEY: (file(), check(KEY))}


def test_a_schema_of_many_files_is_kept_once(ledger: Ledger) -> None:
    def parquet(number: int) -> tuple[StoredFile, FileCheck]:
        key = f"k{number}"
        return file(key), replace(check(key), schema="a long schema of many fields " * 100)

    many = [parquet(number) for number in range(2500)]
    ledger.record_checks(PLACE, many, at=NOON, verifier="1")
    known = ledger.known_checks(PLACE, "", verifier="1")
    assert [known[stored.key] for stored, _ in many] == many
    with ledger._reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pages").scalar() == 1


def test_a_manifest_that_could_not_be_read_is_tried_again(ledger: Ledger) -> None:
    ledger.record_manifests(PLACE, [Manifest(file("m"), unreadable="throttled")], at=NOON, verifier="1")
    assert ledger.known_manifests(PLACE, "", verifier="1") == {}
    broken = Manifest(file("m"), problem="not JSON")
    ledger.record_manifests(PLACE, [broken], at=NOON, verifier="1")
    assert ledger.known_manifests(PLACE, "m", verifier="1") == {"m": broken}
    assert ledger.known_manifests(PLACE, "m", verifier="2") == {}
    newer = Manifest(file("m", version="v2"), run_id="r")
    ledger.record_manifests(PLACE, [newer], at=NOON, verifier="1")
    assert ledger.known_manifests(PLACE, "", verifier="1") == {"m": newer}


A, B = file("a"), file("b")
LOOKS = [  # told, what the folder holds at each look (an hour apart), when a change was noticed last (look number)
    ("a folder just found has not changed", [[A]], None),
    ("nor one that stays the same", [[A], [A], [A]], None),
    ("a new file is a change", [[A], [A, B], [A, B]], 1),
    ("another size is a change", [[A], [A], [replace(A, size=11)]], 2),
    ("another version is a change", [[A], [replace(A, version="w")]], 1),
    ("another time is a change", [[A], [replace(A, modified=NOON - HOUR)]], 1),
    ("the same number of files is not the same (apache/airflow#9817)", [[A], [B]], 1),
    ("a file that goes is no new change", [[A, B], [A]], None),
    ("one that comes back is", [[A, B], [A], [A, B]], 2),
    ("an empty folder that fills has changed", [[], [A]], 1),
    ("the order of a listing is no change", [[A, B], [B, A]], None),
]


@pytest.mark.parametrize("told, looks, changed", LOOKS, ids=[case[0] for case in LOOKS])
def test_a_change_between_two_looks_is_noticed(
    ledger: Ledger, told: str, looks: list[Sequence[StoredFile]], changed: int | None
) -> None:
    for hour, held in enumerate(looks):
        ledger.record_folders(PLACE, [folder(files=held)], at=NOON + hour * HOUR)
    (history,) = ledger.folder_history(PLACE, DATASET).values()
    noticed = None if changed is None else NOON + changed * HOUR
    assert history == FolderHistory(NOON, None, noticed, NOON + (len(looks) - 1) * HOUR)


def test_a_manifest_that_comes_after_its_files_is_a_change(ledger: Ledger) -> None:
    ledger.record_folders(PLACE, [folder(files=[A])], at=NOON)
    ledger.record_folders(PLACE, [folder(files=[A], manifests=[B])], at=NOON + HOUR)
    assert ledger.folder_history(PLACE, DATASET)[prefix()].changed_seen_at == NOON + HOUR


def test_the_first_moment_a_folder_was_whole_stays(ledger: Ledger) -> None:
    ledger.record_folders(PLACE, [folder(h) for h in range(3)], at=NOON)
    ledger.record_whole(PLACE, prefix(0), NOON)
    ledger.record_whole(PLACE, [prefix(0), prefix(1)], NOON + HOUR)
    ledger.record_folders(PLACE, [folder(0, [A])], at=NOON + 2 * HOUR)
    history = ledger.folder_history(PLACE, DATASET)
    assert [history[prefix(h)].whole_at for h in range(3)] == [NOON, NOON + HOUR, None]


def test_a_folder_never_seen_cannot_be_whole(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="cannot be whole"):
        ledger.record_whole(PLACE, prefix(), NOON)


def test_a_partial_look_leaves_the_other_folders_as_they_were(ledger: Ledger) -> None:
    ledger.record_folders(PLACE, [folder(0, [A]), folder(1, [B])], at=NOON)
    ledger.record_folders(PLACE, [folder(1, [B])], at=NOON + HOUR)
    history = ledger.folder_history(PLACE, DATASET)
    assert [h.last_seen_at for h in history.values()] == [NOON, NOON + HOUR]
    assert list(history) == [prefix(0), prefix(1)]
    assert ledger.folder_history(PLACE, "other") == ledger.folder_history("other", DATASET) == {}


def test_an_audit_that_was_overtaken_does_not_turn_last_seen_back(ledger: Ledger) -> None:
    ledger.record_folders(PLACE, [folder()], at=NOON + HOUR)
    ledger.record_folders(PLACE, [folder()], at=NOON)
    assert ledger.folder_history(PLACE, DATASET)[prefix()].last_seen_at == NOON + HOUR


def test_files_that_go_are_marked_and_nothing_else_is(ledger: Ledger) -> None:
    ledger.record_folders(PLACE, [folder(0, [A, B]), folder(1, [file("c")])], at=NOON)
    ledger.record_folders(PLACE, [folder(0, [A])], at=NOON + HOUR)
    with ledger._reading() as connection:
        gone = connection.exec_driver_sql("SELECT key FROM files WHERE gone_at IS NOT NULL").scalars().all()
    assert gone == ["b"]


def test_expected_runs_are_kept_once_with_their_first_moment_and_their_latest_windows(ledger: Ledger) -> None:
    ledger.record_expected([run(h) for h in range(3)], at=NOON)
    ledger.record_expected([run(0), run(1, grace=2 * HOUR), run(3)], at=NOON + HOUR)
    ledger.record_expected([run(1, grace=2 * HOUR)], at=NOON + 2 * HOUR)
    with ledger._reading() as connection:
        from sqlalchemy import select

        from auditor.ledger.schema import expected_runs as t

        query = select(t.c.due, t.c.late_after, t.c.first_expected_at).order_by(t.c.due)
        rows = [tuple(row) for row in connection.execute(query)]
    late = [1, 3, 3, 4]
    first = [0, 0, 0, 1]
    assert rows == [(NOON + h * HOUR, NOON + late[h] * HOUR, NOON + first[h] * HOUR) for h in range(4)]
