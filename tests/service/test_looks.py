"""What a service looks at piece by piece says together what one audit of everything says."""

from dataclasses import replace
from datetime import timedelta

from auditor.ledger import Ledger
from auditor.model import Arrival, Content, Status
from auditor.service.present import read_present
from auditor.settings import load_config
from auditor.worlds import Run, faults
from tests.service.auditing import Bench, codes, verifier
from tests.worlds.small import CLICK_RUN, PROFILES, WEB, WEB_RUN, at, small_world

__all__ = ["verifier"]

FREQUENT = {"is_past": False, "destination": "lake-backup", "beyond": False, "reads": False}
LATER = timedelta(minutes=5)


def faulty_world():
    world = faults.drop_run(small_world(), CLICK_RUN)
    return faults.truncate_file(world, WEB_RUN)


def present(made, now):
    config = load_config(made.home / "auditor.yaml")
    with Ledger.open(config.ledger_url) as ledger:
        return read_present(ledger, config, now=now)


def test_a_look_that_reads_nothing_leaves_what_is_new_unchecked_and_the_next_knows_what_was_read(tmp_path, verifier):
    made = Bench.of_world(faulty_world(), tmp_path, verifier)
    first = made.audit(**FREQUENT)
    came = [run for run in first.runs if run.folder]
    assert {run.content for run in came} == {Content.UNCHECKED, Content.INCOMPLETE}  # sizes are known from listings
    assert first.files_read == 0
    made.audit(**{**FREQUENT, "reads": True, "now": made.now + LATER})
    second = made.audit(**{**FREQUENT, "now": made.now + 2 * LATER})
    assert second.files_read == 0
    assert Content.UNCHECKED not in {run.content for run in second.runs if run.folder}
    assert {"export-missing", "file-truncated"} <= set(codes(second))


def test_recent_runs_are_judged_as_a_whole_look_judges_them(tmp_path, verifier):
    made = Bench.of_world(faulty_world(), tmp_path, verifier)
    made.audit(is_past=False)
    whole = {(r.flow, r.dataset, r.due): r for r in made.audit(**FREQUENT, relist=timedelta(0)).runs}
    recent = made.audit(**FREQUENT, recent=True, relist=None)
    assert 0 < len(recent.runs) < len(whole)
    for run in recent.runs:
        assert replace(run, unverifiable=()) == replace(whole[run.flow, run.dataset, run.due], unverifiable=())


def test_a_first_export_is_missing_when_its_three_days_are_over_not_at_the_next_whole_look(tmp_path, verifier):
    first = Run("web-3h", WEB.datasets[0].id, WEB.start)
    world = faults.drop_run(small_world(now=WEB.start + timedelta(days=3, hours=1)), first)
    made = Bench.of_world(world, tmp_path, verifier)
    over = WEB.start + timedelta(days=3)
    made.audit(is_past=False, now=over - LATER)
    for now in (over + LATER, over + 2 * LATER):
        made.audit(**{**FREQUENT, "recent": True, "relist": None, "now": now})
        said = next(r for r in present(made, now).runs if (r.flow, r.dataset, r.due) == first)
        assert said.arrival is Arrival.MISSING


def test_the_present_is_what_an_audit_of_everything_says(tmp_path, verifier):
    made = Bench.of_world(faulty_world(), tmp_path, verifier)
    audited = made.audit(is_past=False)
    made.audit(**FREQUENT, recent=True, relist=None)
    made.audit(is_past=False, places=False, reads=False)
    now = present(made, made.now)
    assert sorted(codes(now)) == sorted(codes(audited))
    assert now.status is audited.status is Status.FINDINGS
    key = lambda run: (run.flow, run.dataset, run.due)  # noqa: E731
    assert sorted(now.runs, key=key) == sorted(audited.runs, key=key)


def test_a_destination_that_was_never_looked_at_is_not_good(tmp_path, verifier):
    made = Bench.of_world(small_world(), tmp_path, verifier)
    assert present(made, made.now).status is Status.INCOMPLETE


def test_the_age_of_the_protection_is_counted_from_the_newest_sound_export_however_old(tmp_path, verifier):
    made = Bench.of_world(small_world(), tmp_path, verifier)
    made.audit(is_past=False)
    later = made.now + timedelta(days=12)
    whole = made.audit(is_past=False, now=later, relist=timedelta(0))
    recent = made.audit(**{**FREQUENT, "now": later + LATER}, recent=True, relist=None)
    stale = [f.evidence["newest_sound"] for f in whole.findings if f.code == "protection-stale"]
    assert stale == [f.evidence["newest_sound"] for f in recent.findings if f.code == "protection-stale"] != []


def test_a_frequent_look_closes_no_old_unexpected_folder(tmp_path, verifier):
    made = Bench.of_world(
        faults.unexpected_run(small_world(), "profiles-daily", PROFILES.id, at(2, 17, 17)), tmp_path, verifier
    )
    first = made.audit(is_past=False)
    for _ in range(2):
        made.audit(**FREQUENT, recent=True, relist=None)
    assert sorted(codes(present(made, made.now))) == sorted(codes(first))
