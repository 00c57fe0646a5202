"""Selections, ignored names, encrypted flows and waivers, through a whole audit."""

import gzip
import os
from pathlib import Path

import pytest

from auditor.model import Content, Level, Status
from auditor.report.standing import Standing
from auditor.report.summary import summarise
from auditor.report.table import render_balance
from auditor.service import Limits
from tests.service.auditing import Bench, codes, told, utc, verifier

__all__ = ["verifier"]

DATASET, OTHER = "5ef3e324052581191aa6a466", "6051f8cd1f37e519484b9d6c"
NOW = utc("2026-10-02T20:00:00")
HEAD = "destinations:\n  lake: {type: local, root: ./exports%s}\nflows:\n"
FLOW = """  %s:
    destination: lake
    schedule: {every: 1d, start: 2026-10-01T00:00:00Z}
    datasets: [%s]
"""


def bench(tmp_path, verifier, *own: str, place: str = "", more: str = "", days=(1, 2)) -> Bench:
    text = HEAD % place + FLOW % ("web", DATASET) + "".join(f"    {line}\n" for line in own) + more
    (tmp_path / "auditor.yaml").write_text(text)
    for day in days:
        put(tmp_path, f"{folder(day)}/part-00000.json.gz", gzip.compress(b'{"a": 1}\n'), day)
    return Bench(tmp_path, verifier, NOW)


def folder(day: int, dataset: str = DATASET) -> str:
    return f"{dataset}/exportTime=2026100{day}000000"


def put(home: Path, key: str, data: bytes = b"x", day: int = 1) -> None:
    path = home / "exports" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    moment = (utc(f"2026-10-0{day}T01:00:00")).timestamp()
    os.utime(path, (moment, moment))


def audit(made: Bench, **options):
    return made.audit(**{"since": utc("2026-10-01T00:00:00")} | options)


def test_ignored_names_are_no_strays_and_no_data(tmp_path, verifier):
    for key in (f"{folder(1)}/notes.txt", f"{folder(1)}/info.json", "archive/old.txt"):
        put(tmp_path, key)
    plain = audit(bench(tmp_path, verifier))
    assert "stray-object" in codes(plain)
    assert Content.DAMAGED in {run.content for run in plain.runs}, "info.json is taken for data"
    ignored = bench(tmp_path, verifier, "ignore: [info.json]", place=', ignore: ["*.txt", archive]')
    result = audit(ignored)
    assert (codes(result), result.status) == ([], Status.GOOD)


def test_what_experience_platform_writes_is_looked_at_whatever_the_patterns_say(tmp_path, verifier):
    made = bench(tmp_path, verifier, place=f", ignore: ['*/exportTime=20261002*', {OTHER}]")
    put(tmp_path, f"{folder(2)}/part-00001.json.gz", b"")
    assert "file-empty" in codes(audit(made))


def test_a_folder_of_which_nothing_is_left_is_not_sound(tmp_path, verifier):
    made = bench(tmp_path, verifier, 'ignore: ["data-*"]', days=(1,))
    put(tmp_path, f"{folder(2)}/data-1.json.gz", gzip.compress(b"{}\n"), 2)
    result = audit(made)
    assert "folder-empty" in codes(result)
    assert result.runs[-1].content is Content.UNVERIFIABLE


def test_encrypted_files_are_checked_for_presence_and_size_only(tmp_path, verifier):
    made = bench(tmp_path, verifier, "encryption: pgp", days=())
    put(tmp_path, f"{folder(1)}/part-00000.json.gz.pgp", b"\x85\x01\x0c\x03rubbish")
    put(tmp_path, f"{folder(2)}/x.json.gz.gpg", b"not gzip at all", 2)
    result = audit(made)
    assert told(result) == [("on_time", "unverifiable"), ("on_time", "unverifiable")]
    assert (codes(result), result.status) == ([], Status.INCOMPLETE)
    assert {item.reason.partition(":")[0] for item in result.unverifiable} == {"encrypted"}
    assert [(v.content, v.level) for v in audit(made, level=Level.L1).runs] == [(Content.SOUND, Level.L1)] * 2
    put(tmp_path, f"{folder(2)}/part-00001.json.gz.pgp", b"", 2)
    assert codes(audit(made)) == ["file-empty"]
    assert audit(made).runs[-1].content is Content.DAMAGED


def waivers(match: str, until: str = "2026-10-31") -> str:
    return f"waivers: [{{match: {match}, reason: planned, by: jo, until: {until}}}]\n"


def test_a_waived_gap_stays_visible_and_needs_nobody(tmp_path, verifier):
    rule = waivers("{flow: web, code: export-missing}")
    made = bench(tmp_path, verifier, "mode: full", more=rule, days=(2,))
    result = audit(made)
    assert (codes(result), result.status) == (["export-missing"], Status.GOOD)
    assert result.findings[0].waived
    assert result.runs[0].findings[0].waived
    assert (result.findings[0].waived.by, result.findings[0].waived.until) == ("jo", utc("2026-11-01T00:00:00"))
    summary = summarise(result)
    assert [standing.standing for standing in summary.standings] == [Standing.GOOD], "the newest export is sound"
    assert render_balance(summary) == "2 expected = 1 on time + 1 waived"
    assert sum(summary.balance.values()) + summary.waived == summary.expected


def test_a_waived_newest_run_is_waived_and_not_good(tmp_path, verifier):
    made = bench(tmp_path, verifier, "mode: full", more=waivers("{flow: web}"), days=(1,))
    result = audit(made)
    assert (codes(result), result.status) == (["export-missing", "protection-stale"], Status.GOOD)
    assert [standing.standing for standing in summarise(result).standings] == [Standing.WAIVED]


def test_an_expired_waiver_counts_no_more_and_is_told(tmp_path, verifier):
    made = bench(tmp_path, verifier, "mode: full", more=waivers("{flow: web}", "2026-10-01"), days=(2,))
    result = audit(made)
    assert (codes(result), result.status) == (["export-missing", "waiver-expired"], Status.FINDINGS)


def test_an_unused_waiver_is_told_by_an_audit_of_everything(tmp_path, verifier):
    made = bench(tmp_path, verifier, more=waivers("{code: file-corrupt}"))
    assert codes(made.audit(is_past=False)) == ["waiver-unused"]
    assert codes(made.audit(is_past=False, flow="web")) == []


@pytest.mark.parametrize("shallow", [{"level": Level.L1}, {"limits": Limits(files=0)}])
def test_an_audit_that_does_not_look_as_deep_calls_no_waiver_unused(tmp_path, verifier, shallow):
    rule = waivers("{code: file-truncated, destination: lake}")
    made = bench(tmp_path, verifier, "watch_from: 2026-10-01T00:00:00Z", more=rule)
    assert codes(made.audit(is_past=False, **shallow)) == []
    assert codes(made.audit(is_past=False)) == ["waiver-unused"]


@pytest.mark.parametrize(
    "option, datasets",
    [
        ({"team": "web"}, {DATASET}),
        ({"owner": "jo"}, {OTHER}),
        ({"tag": "gdpr"}, {DATASET, OTHER}),
        ({"team": "shop", "tag": "gdpr"}, {OTHER}),
    ],
)
def test_a_selection_by_care_looks_at_these_datasets_only(option, datasets, tmp_path, verifier):
    more = FLOW % ("shop", f"{{id: {OTHER}, team: shop, owner: jo}}") + "    tags: [gdpr]\n"
    made = bench(tmp_path, verifier, "team: web", "tags: [gdpr, eu]", more=more)
    for day in (1, 2):
        put(tmp_path, f"{folder(day, OTHER)}/part-00000.json.gz", gzip.compress(b'{"a": 1}\n'), day)
    result = audit(made, **option)
    assert {run.dataset for run in result.runs} == datasets
    assert codes(result) == []
