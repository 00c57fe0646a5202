"""What explains a change of an export, and what is said where nothing does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.checks.arrival import EXPORT_LATE
from auditor.checks.file import FILE_EMPTY
from auditor.model import (
    Arrival,
    ChangeKind,
    Content,
    ExportFolder,
    FileChange,
    FileCheck,
    KnownExport,
    Level,
    Manifest,
    ManifestEntry,
    Severity,
    StoredFile,
    Verdict,
    Waived,
)
from auditor.reconcile.integrity import (
    AS_BEFORE,
    BY_RUN_RECORD,
    IN_TIME,
    REPAIRED,
    SAME_CONTENTS,
    Context,
    Stand,
    Weighed,
    compare_export,
    digest_of,
    follow,
    is_mass,
    weigh_changes,
)
from auditor.reconcile.integrity_told import as_it_came, find_changes, find_mass_loss, with_changes
from auditor.reconcile.sight import FolderSight
from auditor.reconcile.subject import Subject

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ENDS, KNOWN, SEEN = NOON + 6 * HOUR, NOON + 24 * HOUR, NOON + 48 * HOUR
PREFIX = "b/d/exportTime=202610011200/"
SUBJECT = Subject("lake", "web", "d", NOON)


def file(name="part-0", size=10, version="v1", modified=NOON):
    return StoredFile(PREFIX + name, size, modified, version)


def change(before=None, after=None, known=KNOWN, **more):
    before = before or file()
    kind = ChangeKind.CHANGED if after else ChangeKind.DELETED
    return FileChange("lake", "d", PREFIX, NOON, kind, before, after, known, SEEN, **more)


def sight(*files, checks=(), manifests=(), **more):
    folder = ExportFolder("lake", PREFIX, "d", NOON, tuple(files), tuple(m.file for m in manifests))
    return FolderSight(folder, tuple(manifests), {check.key: check for check in checks}, **more)


def check(content=Content.SOUND, digest="A", reason="", name="part-0"):
    return FileCheck(PREFIX + name, content, Level.L3, digest=digest, reason=reason)


NEW = file(version="v2", modified=SEEN)
BEFORE = {PREFIX + "part-0": (Content.SOUND, "A")}
DAMAGED = {PREFIX + "part-0": (Content.DAMAGED, "")}
UNREADABLE = Content.UNVERIFIABLE


def of(*checks, files=(NEW,), checked=BEFORE, ends=ENDS, **more):
    return Context(ends, sight(*files, checks=checks, **more), checked=checked)


CASES = [  # told, change, context, stand, why, contents
    ("other records", change(after=NEW), of(check(digest="B")), Stand.OPEN, "", "different"),
    ("the same records", change(after=NEW), of(check()), Stand.EXPLAINED, SAME_CONTENTS, "same"),
    ("damaged now", change(after=NEW), of(check(Content.DAMAGED, "")), Stand.OPEN, "", "different"),
    ("not read yet", change(after=NEW), of(), Stand.UNREAD, "", "not compared"),
    ("throttled", change(after=NEW), of(check(UNREADABLE, "", "throttled")), Stand.UNREAD, "", "not compared"),
    (
        "denied from now on",
        change(after=NEW),
        of(check(UNREADABLE, "", "access-denied")),
        Stand.OPEN,
        "",
        "not compared",
    ),
    ("never compared", change(after=NEW), of(check(), checked={}), Stand.OPEN, "", "not compared"),
    ("repaired", change(after=NEW), of(check(), checked=DAMAGED), Stand.EXPLAINED, REPAIRED, "different"),
    ("still damaged", change(after=NEW), of(check(UNREADABLE, "", "encrypted"), checked=DAMAGED), Stand.OPEN, "", ""),
    ("gone", change(), Context(ENDS), Stand.OPEN, "", "gone"),
    ("gone, its deadline to come", change(), Context(SEEN), Stand.WAITING, "", "gone"),
    ("accepted", change(accepted=Waived("x", "jo", SEEN)), Context(SEEN), Stand.OPEN, "", "gone"),
]


@pytest.mark.parametrize("told, one, context, stand, why, contents", CASES, ids=[case[0] for case in CASES])
def test_what_explains_a_change(told, one, context, stand, why, contents):
    [weighed] = weigh_changes([one], context, now=SEEN)
    assert (weighed.stand, weighed.change.why) == (stand, why)
    assert weighed.contents == contents or not contents
    assert (weighed.change.undone_at == SEEN) is (stand is Stand.EXPLAINED)


def test_without_a_deep_look_every_change_is_told():
    context = replace(of(), can_compare=False)
    assert weigh_changes([change(after=NEW)], context, now=SEEN)[0].stand is Stand.OPEN


@pytest.mark.parametrize(
    "written, known, explained",
    [
        (ENDS, NOON + HOUR, True),
        (ENDS + HOUR, NOON + HOUR, False),
        (ENDS, ENDS + HOUR, False),  # seen as before after the deadline: the time is kept, or false
    ],
)
def test_a_run_may_write_its_export_again_until_its_deadline(written, known, explained):
    fresh = file("part-1", modified=written)
    context = Context(ENDS, sight(fresh))
    [weighed] = weigh_changes([change(known=known)], context, now=SEEN)
    assert (weighed.change.why == IN_TIME) is explained


def test_a_deletion_in_time_without_anything_new_is_told_after_the_deadline():
    [weighed] = weigh_changes([change(known=NOON + HOUR)], Context(ENDS, sight(file("part-9"))), now=SEEN)
    assert weighed.stand is Stand.OPEN


@pytest.mark.parametrize(
    "ended, accounted, beside, explained",
    [
        (SEEN, True, (), True),
        (SEEN, False, (), False),  # the record tells of other files
        (NOON, True, (), False),  # the run ended before
        (None, True, (), False),
        (SEEN, True, (file("part-7"),), False),  # something old is left
    ],
)
def test_a_second_export_by_the_record_of_a_later_run_is_no_change(ended, accounted, beside, explained):
    fresh = file("part-1", modified=KNOWN + HOUR)
    context = Context(ENDS, sight(fresh, *beside, is_accounted_for=accounted), run_ended=ended)
    [weighed] = weigh_changes([change()], context, now=SEEN)
    assert (weighed.change.why == BY_RUN_RECORD) is explained


def test_new_files_that_a_manifest_lists_are_a_warning_and_no_loss():
    fresh = file("part-1", modified=KNOWN + HOUR)
    listed = Manifest(file("manifest-1.json"), entries=(ManifestEntry("", "part-1", 10),))
    [weighed] = weigh_changes([change()], Context(ENDS, sight(fresh, manifests=[listed])), now=SEEN)
    weighed = replace(weighed, change=replace(weighed.change, confirmed_at=SEEN))
    [finding] = find_changes(SUBJECT, PREFIX, [weighed])
    assert (finding.severity, finding.evidence["delivered_again"]) == (Severity.WARNING, True)
    assert with_changes(RIGHT, PREFIX, [weighed], SUBJECT).content is Content.SOUND
    strict = replace(SUBJECT, severities={"export-deleted": Severity.CRITICAL})
    assert next(find_changes(strict, PREFIX, [weighed])).severity is Severity.CRITICAL


# --- comparing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "after, kind",
    [
        (None, "deleted"),
        (file(), None),
        (file(size=11), "changed"),
        (file(version="v2"), "changed"),
        (file(modified=SEEN), None),  # touched at the same version
        (replace(file(), archived=True), None),
    ],
)
def test_what_is_another_file(after, kind):
    known = KnownExport(PREFIX, "d", NOON, KNOWN, (file(),))
    found = compare_export(known, [after] if after else [], "lake", at=SEEN)
    assert [str(one.kind) for one in found] == ([kind] if kind else [])


def test_where_a_store_has_no_versions_the_time_tells():
    known = KnownExport(PREFIX, "d", NOON, KNOWN, (file(version=""),))
    assert compare_export(known, [file(version="", modified=SEEN)], "lake", at=SEEN)


def test_a_change_follows_what_lies_there():
    gone = replace(change(), confirmed_at=SEEN)
    back = follow(gone, file(), at=SEEN + HOUR)
    assert (back.undone_at, back.why) == (SEEN + HOUR, AS_BEFORE)
    other = follow(gone, NEW, at=SEEN + HOUR)
    assert (other.kind, other.after, other.confirmed_at) == (ChangeKind.CHANGED, NEW, None)
    again = follow(other, None, at=SEEN + 2 * HOUR)
    assert (again.kind, again.seen_at, again.confirmed_at) == (ChangeKind.DELETED, SEEN + 2 * HOUR, None)
    assert follow(gone, None, at=SEEN + HOUR) is gone


def test_a_manifest_is_known_by_what_it_says():
    one = Manifest(file("m"), "run", NOON, (ManifestEntry("p", "n", 3),))
    assert digest_of(one) == digest_of(replace(one, file=file("m", version="v9")))
    assert digest_of(one) != digest_of(replace(one, entries=()))
    assert digest_of(replace(one, unreadable="denied")) == ""


# --- how much, and what is said --------------------------------------------------------------


@pytest.mark.parametrize(
    "count, known, mass",
    [
        (9, 9, False),
        (10, 10, True),
        (10, 999, True),
        (10, 1000, False),  # one per cent is not more than one per cent
        (11, 1000, True),
        (100, 100_000, False),
        (101, 100_000, True),
        (0, 0, False),
    ],
)
def test_how_much_is_a_mass(count, known, mass):
    assert is_mass(count, known) is mass


RIGHT = Verdict("web", "d", "lake", NOON, Arrival.LATE, Content.SOUND, Level.L3, NOON, PREFIX, 3, 30, 300, claim=None)


def weighed(stand=Stand.OPEN, confirmed=True, **more):
    return Weighed(replace(change(**more), confirmed_at=SEEN if confirmed else None), stand, "gone")


@pytest.mark.parametrize(
    "one, content, codes, doubts",
    [
        (weighed(), "incomplete", ["export-deleted"], 0),
        (weighed(confirmed=False), "unverifiable", [], 1),
        (weighed(Stand.WAITING, confirmed=False), "unverifiable", [], 1),
        (weighed(Stand.UNREAD, confirmed=False), "sound", [], 0),
        (weighed(after=NEW), "sound", ["export-changed"], 0),
        (weighed(after=NEW, confirmed=False), "unverifiable", [], 1),
        (weighed(confirmed=False, accepted=Waived("x", "jo", SEEN)), "incomplete", ["export-deleted"], 0),
    ],
)
def test_what_a_change_does_to_the_verdict(one, content, codes, doubts):
    after = with_changes(RIGHT, PREFIX, [one], SUBJECT)
    assert (str(after.content), [f.code for f in after.findings], len(after.unverifiable)) == (content, codes, doubts)
    assert after.arrival is Arrival.LATE
    assert (after.level is None) is (content != "sound")


def test_a_graver_content_stays():
    damaged = replace(RIGHT, content=Content.DAMAGED)
    assert with_changes(damaged, PREFIX, [weighed()], SUBJECT).content is Content.DAMAGED


def test_another_folder_that_stands_for_the_run_keeps_its_content():
    other = replace(RIGHT, folder="b/d/exportTime=202610011300/")
    after = with_changes(other, PREFIX, [weighed()], SUBJECT)
    assert (after.content, [f.code for f in after.findings]) == (Content.SOUND, ["export-deleted"])


def test_accepted_deletions_are_waived_and_one_more_is_not():
    accepted = weighed(accepted=Waived("moved", "jo", SEEN))
    [finding] = find_changes(SUBJECT, PREFIX, [accepted])
    assert finding.waived == Waived("moved", "jo", SEEN)
    [finding] = find_changes(SUBJECT, PREFIX, [accepted, weighed(before=file("part-1"))])
    assert (finding.waived, finding.evidence["file_count"]) == (None, 1)


def test_how_an_export_came_stays_when_it_is_gone():
    late = SUBJECT.finding(EXPORT_LATE, "late")
    seen = replace(RIGHT, findings=(late, SUBJECT.finding(FILE_EMPTY, "x")), content=Content.DAMAGED)
    now = replace(RIGHT, arrival=Arrival.MISSING, content=Content.UNCHECKED, folder="", files=0)
    came = as_it_came(seen, now, [weighed()])
    assert (came.arrival, came.arrived_at, came.files, came.findings) == (Arrival.LATE, NOON, 0, (late,))
    assert as_it_came(seen, now, [weighed(confirmed=False)]).files == 3, "it may be there still"


def test_a_mass_loss_names_datasets_and_time_span():
    told = [
        replace(change(file(f"part-{n}")), dataset=f"d{n % 2}", prefix=f"p{n}", export_time=NOON + n * HOUR)
        for n in range(1, 13)
    ]
    finding = find_mass_loss(Subject("lake"), told, 1000)
    assert finding.message == (
        "12 of 1,000 known objects are gone (12) or changed (0): 12 exports of 2 datasets, "
        "from 2026-10-01 13:00 to 2026-10-02 00:00 UTC."
    )
    assert (finding.severity, finding.evidence["datasets"]) == (Severity.CRITICAL, ["d0", "d1"])
