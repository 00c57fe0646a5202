"""What one audit promises as a whole, and what a second one does."""

from datetime import timedelta

import pytest

from adapters.base import AccessDenied, ClockSkew, CredentialExpired, NotFound, Throttled, Unreachable
from auditor.model import Arrival, Content, Level, Status
from auditor.worlds import faults
from tests.scan.memory import MemoryAdapter
from tests.service.auditing import Bench, codes, counted, in_memory, told, utc, verifier
from tests.worlds.small import CLICK_RUN, CLICKS, DAILY, DAILY_RUN, EVENTS, WEB, WEB_RUN, small_world

__all__ = ["verifier"]


def bench(world, tmp_path, verifier, **changes):
    """The world at a destination in memory that breaks as `changes` say."""
    made = Bench.of_world(world, tmp_path, verifier)
    made.adapters["lake-backup"] = in_memory(world, **changes)
    return made


def refused(kind, **about):
    return kind("refused", destination="lake-backup", operation="list", **about)


def test_a_world_without_faults_is_good(tmp_path, verifier):
    result = Bench.of_world(small_world(), tmp_path, verifier).audit()
    assert (result.status, result.findings, result.unverifiable) == (Status.GOOD, (), ())
    assert {v.content for v in result.runs if v.arrival is Arrival.ON_TIME} == {Content.SOUND}


def test_a_second_audit_reads_only_what_changed_and_says_the_same(tmp_path, verifier):
    made = Bench.of_world(small_world(), tmp_path, verifier)
    first = made.audit()
    again = made.audit()
    assert (again.runs, again.findings) == (first.runs, first.findings)
    assert (again.files_read, again.files_reused) == (0, first.files_read)
    one = next((tmp_path / "exports").rglob("part-*.json.gz"))
    one.write_bytes(one.read_bytes())  # a new modification time, the same bytes
    changed = made.audit(now=utc("2026-12-31T00:00:00"), since=utc("2026-10-01T00:00:00"))
    assert changed.files_read == 1


def test_reverify_reads_everything_again(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    first = made.audit()
    again = made.audit(reverify=True)
    assert (again.files_read, again.files_reused) == (first.files_read, 0)


def test_the_present_and_a_past_moment_give_the_answer_of_their_own_time(tmp_path, verifier):
    world = small_world(WEB)
    made = Bench.of_world(world, tmp_path, verifier)
    past = WEB_RUN.due + timedelta(minutes=5)
    fresh = Bench.of_world(small_world(WEB, now=past), tmp_path / "then", verifier).audit()
    made.audit(is_past=False)
    later = made.audit(now=past)
    assert told(later) == told(fresh)
    assert {v.due for v in later.runs} == {v.due for v in fresh.runs}


def test_a_past_audit_leaves_the_verdicts_of_the_present(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    present = made.audit(is_past=False)
    made.audit(now=DAILY_RUN.due)
    assert made.audit(is_past=False).runs == present.runs


@pytest.mark.parametrize(
    "error, code",
    [
        (refused(AccessDenied), "access-denied"),
        (refused(CredentialExpired), "credential-expired"),
        (refused(ClockSkew), "clock-skew"),  # aws/aws-cli#6358: no question of rights
        (refused(Unreachable), "destination-unreachable"),
        (refused(Throttled), "destination-unreachable"),
        (refused(NotFound), "destination-unreachable"),
    ],
)
def test_a_place_that_cannot_be_listed_is_unknown_and_never_missing(tmp_path, verifier, error, code):
    made = bench(small_world(), tmp_path, verifier, fail_listing_at=(0, error))
    result = made.audit()
    assert set(told(result)) == {("unknown", "unverifiable")}
    assert codes(result) == [code]  # one finding, not one per run
    assert result.status is Status.INCOMPLETE


def test_a_listing_that_breaks_later_keeps_what_was_listed_whole(tmp_path, verifier):
    folder = f"backups/{CLICKS.id}/"
    made = bench(small_world(), tmp_path, verifier, fail_listing_under={folder: refused(Unreachable)})
    result = made.audit()
    assert {v.dataset for v in result.runs if v.arrival is Arrival.UNKNOWN} == {CLICKS.id, *_behind(CLICKS.id)}
    assert any(v.content is Content.SOUND for v in result.runs)
    assert (codes(result), result.status) == (["destination-unreachable"], Status.INCOMPLETE)


def _behind(dataset):
    """Datasets listed after `dataset`: nobody looked at them."""
    return [one for one in (EVENTS.id, CLICKS.id, "64b1c0d2f3a4e5968778a9b0") if one > dataset]


def test_a_file_that_may_not_be_read_is_unverifiable_with_one_finding(tmp_path, verifier):
    world = small_world(DAILY)
    keys = sorted(key for key in in_memory(world).objects if key.endswith(".parquet"))[:3]
    denied = {key: AccessDenied("s3:GetObject", destination="lake-backup", operation="read", key=key) for key in keys}
    result = bench(world, tmp_path, verifier, fail_reading=denied).audit()
    assert codes(result) == ["access-denied"]
    assert {u.subject for u in result.unverifiable} == set(keys)
    assert result.status is Status.INCOMPLETE
    assert Content.DAMAGED not in {v.content for v in result.runs}


def test_a_place_that_refuses_file_after_file_is_not_asked_for_the_rest(tmp_path, verifier):
    world = small_world(WEB)
    keys = [key for key in in_memory(world).objects if "part-" in key]
    gone = {key: Unreachable("no answer", destination="lake-backup", operation="read", key=key) for key in keys}
    result = bench(world, tmp_path, verifier, fail_reading=gone).audit()
    assert result.files_read < len(keys)
    arrived = [v for v in result.runs if v.folder]
    assert {v.content for v in arrived} == {Content.UNVERIFIABLE}
    assert {v.arrival for v in arrived} <= {Arrival.ON_TIME}
    assert codes(result) == ["destination-unreachable"]


def test_a_bad_byte_that_came_once_leaves_the_export_sound(tmp_path, verifier):
    world = small_world(DAILY)
    place = in_memory(world)
    key = next(key for key in place.objects if key.endswith(".parquet"))
    data = bytearray(place.objects[key][0])
    data[len(data) // 2] ^= 0x10
    result = bench(world, tmp_path, verifier, first_reads={key: bytes(data)}).audit()
    assert result.status is Status.GOOD


def test_a_place_that_fails_in_reading_and_then_in_listing_is_one_finding(tmp_path, verifier):
    world = small_world()
    key = next(key for key in in_memory(world).objects if key.startswith(f"backups/{EVENTS.id}/") and "part-" in key)
    broken = {
        "fail_reading": {key: refused(Unreachable)},
        "fail_listing_under": {f"backups/{CLICKS.id}/": refused(Unreachable)},
    }
    assert codes(bench(world, tmp_path, verifier, **broken).audit()) == ["destination-unreachable"]


def test_one_broken_destination_does_not_stop_the_others(tmp_path, verifier):
    made = bench(small_world(DAILY), tmp_path, verifier)
    config = (tmp_path / "auditor.yaml").read_text()
    config = config.replace("destinations:\n", "destinations:\n  broken: {type: local, root: ./nowhere}\n")
    flow = f"""  other:
    destination: broken
    format: json
    mode: full
    schedule: {{every: 1d, start: 2026-10-01T00:00:00Z}}
    datasets: [{EVENTS.id}]
"""
    (tmp_path / "auditor.yaml").write_text(config + flow)
    made.adapters["broken"] = in_memory(small_world(DAILY), fail_listing_at=(0, refused(Unreachable)))
    result = made.audit()
    by_flow = {v.flow: v for v in result.runs}
    assert by_flow["other"].arrival is Arrival.UNKNOWN
    assert any(v.flow == DAILY.name and v.content is Content.SOUND for v in result.runs)


def test_an_empty_folder_path_is_missing_and_says_the_nearest_name(tmp_path, verifier):
    world = small_world(DAILY)
    made = Bench.of_world(world, tmp_path, verifier)
    config = tmp_path / "auditor.yaml"
    config.write_text(config.read_text().replace("folder: backups", "folder: backup"))
    result = made.audit()
    assert "destination-empty" in codes(result)
    [empty] = [f for f in result.findings if f.code == "destination-empty"]
    assert empty.evidence["nearest"] == "backups"
    assert counted(result)["missing"] > 0


def test_a_folder_path_that_is_still_empty_before_anything_is_missing_is_no_finding(tmp_path, verifier):
    made = bench(small_world(DAILY), tmp_path, verifier)
    made.adapters["lake-backup"] = MemoryAdapter({}, "lake-backup")
    for moment in ("2026-09-30T00:00:00", "2026-10-01T08:00:00"):  # before its start, inside its first grace
        result = made.audit(now=utc(moment))
        assert (codes(result), result.status) == ([], Status.INCOMPLETE)


def test_what_a_selection_leaves_out_is_neither_missing_nor_unexpected(tmp_path, verifier):
    world = faults.drop_run(small_world(), DAILY_RUN)
    made = Bench.of_world(world, tmp_path, verifier)
    only = made.audit(flow=WEB.name)
    assert {v.flow for v in only.runs} == {WEB.name}
    assert codes(only) == []
    one = made.audit(dataset=CLICKS.id)
    assert {v.dataset for v in one.runs} == {CLICKS.id}


def test_watching_begins_thirty_days_back_and_since_reaches_further(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY, now=utc("2026-11-20T12:00:00")), tmp_path, verifier)
    result = made.audit()
    assert result.watched_from == utc("2026-10-21T12:00:00")
    assert min(v.due for v in result.runs if v.due) >= result.watched_from
    assert codes(result) == []
    further = made.audit(since=utc("2026-10-10T00:00:00"))
    assert further.watched_from == utc("2026-10-10T00:00:00")
    assert len(further.runs) > len(result.runs)


def test_nothing_due_yet_is_never_good(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    assert made.audit(now=utc("2026-10-01T02:31:00")).status is Status.INCOMPLETE
    assert made.audit(now=utc("2026-09-30T00:00:00")).status is Status.INCOMPLETE


def test_levels_reach_as_far_as_asked(tmp_path, verifier):
    world = faults.flip_byte(small_world(WEB), CLICK_RUN)
    made = Bench.of_world(world, tmp_path, verifier)
    assert made.audit(level=Level.L0).status is Status.INCOMPLETE
    shallow = made.audit(level=Level.L1)
    assert codes(shallow) == []
    assert {v.level for v in shallow.runs if v.content is Content.SOUND} == {Level.L1}
    assert codes(made.audit(level=Level.L3)) == ["file-corrupt"]
    assert codes(made.audit(level=Level.L1)) == ["file-corrupt"]  # what is proven stays proven


def test_a_layout_that_names_no_time_cannot_be_judged_and_says_so(tmp_path, verifier):
    made = Bench.of_world(small_world(WEB), tmp_path, verifier)
    config = tmp_path / "auditor.yaml"
    config.write_text(
        config.read_text().replace("    datasets:", '    folder_template: "%SANDBOX_NAME%"\n    datasets:')
    )
    result = made.audit()
    assert set(told(result)) == {("unknown", "unverifiable")}
    assert "do not say" in result.unverifiable[0].reason
    assert result.status is Status.INCOMPLETE
