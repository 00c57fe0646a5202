"""Reports of periods, from a ledger that audits have written: kept as closed, amended, never green by mistake."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.incident_model import IncidentKey
from auditor.incidents import Changes
from auditor.ledger import Ledger
from auditor.model import (
    Arrival,
    Content,
    ExpectedRun,
    Finding,
    Level,
    RunKey,
    RunKind,
    Severity,
    Status,
    Verdict,
    Waived,
    Watched,
)
from auditor.report.completeness import render_completeness_html, render_completeness_json, render_headline
from auditor.service.completeness import Filters, gather_completeness, read_population, report_period
from auditor.service.period import parse_period, parse_span
from auditor.service.report_files import render_parts
from auditor.settings import Config, load_config

OCTOBER = parse_period("2026-10")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOSED = OCTOBER.closes_at
LATER = CLOSED + 5 * DAY
D1, D2 = "5ef3e324052581191aa6a466", "5ef3e324052581191aa6a467"
DUES = [OCTOBER.start + n * DAY for n in range(31)]
CONFIG = """\
ledger: sqlite:///ledger.db
destinations:
  lake: {type: local, root: ./lake}
flows:
  web: {destination: lake, schedule: {every: 1d, start: 2026-10-01T00:00:00Z}, datasets: [{id: 5ef3e324052581191aa6a466, name: Web events, team: web}]}
service:
  reports: [{every: month, to: {folder: ./reports}}]
"""  # noqa: E501


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "lake").mkdir()
    (tmp_path / "auditor.yaml").write_text(CONFIG, "utf-8")
    return load_config(tmp_path / "auditor.yaml")


@pytest.fixture
def ledger(config: Config) -> Iterator[Ledger]:
    with Ledger.open(config.ledger_url) as opened:
        yield opened


def said(due: datetime, arrival: Arrival = Arrival.ON_TIME, content: Content = Content.SOUND, **more) -> Verdict:
    facts = {"level": Level.L3, "folder": f"{D1}/exportTime={due:%Y%m%d%H%M}/", "files": 1, "bytes": 10, **more}
    if arrival is Arrival.MISSING:
        content, found = Content.UNCHECKED, Finding("export-missing", Severity.ERROR, "No export came.", due=due)
        facts = {"findings": (found,), **more}
    return Verdict("web", D1, "lake", due, arrival, content, **facts)


def expect(ledger: Ledger, dues, at: datetime) -> None:
    runs = [
        ExpectedRun(
            RunKey("web", D1, "lake", due),
            RunKind.DAILY,
            due - HOUR,
            due + 6 * HOUR,
            due + DAY,
            timedelta(minutes=15),
        )
        for due in dues
    ]
    ledger.record_expected(runs, at=at)


def audit(ledger: Ledger, verdicts, at: datetime, of="c0ffee", **options) -> None:
    number = ledger.begin_audit(now=at, tool_version="0.1.0", config_hash=of, options=options, flows=["web"])
    ledger.record_verdicts(number, verdicts, at=at)
    ledger.finish_audit(
        number, status=Status.GOOD, watched=[Watched("web", OCTOBER.start)], files_read=1, files_reused=0, bytes_read=9
    )


def watch(ledger: Ledger, since: datetime = OCTOBER.start - DAY, until: datetime = LATER) -> None:
    ledger.record_watching("place:lake", since, gap=HOUR)
    ledger.record_watching("place:lake", until, gap=1000 * DAY)


def whole_month(ledger: Ledger, **of_day) -> None:
    """October as the service would have seen it; `of_day`: "d3" → another verdict."""
    watch(ledger)
    expect(ledger, DUES, OCTOBER.start)
    audit(ledger, [], OCTOBER.start)
    audit(ledger, [of_day.get(f"d{n}", said(due)) for n, due in enumerate(DUES)], OCTOBER.end + DAY)


def ask(ledger: Ledger, config: Config, now: datetime = LATER, period=OCTOBER, **filters):
    return report_period(ledger, config, period, Filters(**filters), now=now)


def rendered(ledger: Ledger, report) -> tuple[str, str, str]:
    population = "".join(render_parts(ledger, report, "csv"))
    return render_completeness_html(report), render_completeness_json(report), population


def test_a_month_that_was_watched_and_sound_is_complete(ledger, config):
    whole_month(ledger)
    (report,) = ask(ledger, config)
    assert render_headline(report) == "All 31 backups expected in 2026-10 are proven sound."
    assert report.status is Status.GOOD
    assert report.unwatched == ()


def test_the_same_closed_period_gives_the_same_bytes_whatever_audits_find_later(ledger, config):
    whole_month(ledger, d3=said(DUES[3], Arrival.MISSING))
    first = rendered(ledger, ask(ledger, config)[0])
    audit(ledger, [said(DUES[3], Arrival.LATE), said(DUES[9], content=Content.DAMAGED)], LATER + DAY)
    expect(ledger, [OCTOBER.start + HOUR], LATER + DAY)
    again = ask(ledger, config, LATER + 2 * DAY)
    assert rendered(ledger, again[0]) == first
    assert len(again) == 2


def test_what_was_found_between_closing_and_asking_is_no_part_of_the_closed_report(ledger, config):
    whole_month(ledger, d3=said(DUES[3], Arrival.MISSING))
    audit(ledger, [said(DUES[3], Arrival.LATE)], CLOSED + HOUR)
    report = ask(ledger, config)[0]
    assert report.balance.missing == 1


def test_an_audit_of_before_the_closing_that_writes_after_the_report_changes_no_byte_of_it(ledger, config):
    whole_month(ledger, d3=said(DUES[3], Arrival.MISSING))
    first = rendered(ledger, ask(ledger, config, CLOSED)[0])
    expect(ledger, [OCTOBER.start + HOUR], CLOSED - HOUR)
    audit(ledger, [said(DUES[3], Arrival.LATE)], CLOSED - HOUR)
    again = ask(ledger, config, CLOSED + HOUR)
    assert rendered(ledger, again[0]) == first
    assert [(one.before, one.after) for one in again[1].changes] == [
        ("missing, unchecked; export-missing", "late, sound (L3)")
    ]


def test_an_amendment_lists_what_changed_when_and_why(ledger, config):
    whole_month(ledger, d3=said(DUES[3], Arrival.MISSING))
    ask(ledger, config)
    audit(ledger, [said(DUES[3], Arrival.LATE)], LATER + DAY)
    _, one = ask(ledger, config, LATER + DAY)
    (change,) = one.changes
    assert (one.revision, change.due, change.at) == (1, DUES[3], LATER + DAY)
    assert (one.balance.missing, one.balance.late) == (0, 1)
    assert one.status is Status.GOOD
    audit(ledger, [said(DUES[4], content=Content.DAMAGED)], LATER + 2 * DAY)
    *_, two = ask(ledger, config, LATER + 2 * DAY)
    assert (two.revision, [one.due for one in two.changes]) == (2, [DUES[4]])
    assert ask(ledger, config, LATER + 3 * DAY)[1:] == (one, two)


def test_nothing_changed_is_no_amendment_and_neither_is_retention(ledger, config):
    whole_month(ledger)
    ask(ledger, config)
    gone = replace(said(DUES[0]), arrival=Arrival.EXPIRED, content=Content.UNCHECKED, folder="", level=None)
    audit(ledger, [gone, replace(said(DUES[1]), bytes=11)], LATER + DAY)
    assert len(ask(ledger, config, LATER + DAY)) == 1


def test_what_expired_after_it_was_proven_is_complete(ledger, config):
    whole_month(ledger)
    gone = replace(said(DUES[0]), arrival=Arrival.EXPIRED, content=Content.UNCHECKED, folder="", level=None)
    audit(ledger, [gone], OCTOBER.end + 2 * DAY)
    (report,) = ask(ledger, config)
    assert (report.status, report.balance.expired, report.balance.expired_sound) == (Status.GOOD, 1, 1)


def test_an_open_period_is_preliminary_and_not_kept(ledger, config):
    whole_month(ledger)
    (report,) = ask(ledger, config, CLOSED - HOUR)
    assert report.preliminary
    assert report.status is Status.INCOMPLETE
    assert ledger.period_reports("2026-10", {}) == []


def test_hours_that_nobody_watched_are_told(ledger, config):
    ledger.record_watching("place:lake", OCTOBER.start, gap=HOUR)
    ledger.record_watching("place:lake", DUES[10], gap=30 * DAY)
    ledger.record_watching("place:lake", DUES[11], gap=HOUR)
    ledger.record_watching("place:lake", LATER, gap=90 * DAY)
    expect(ledger, DUES, OCTOBER.start)
    audit(ledger, map(said, DUES), OCTOBER.end + DAY)
    (report,) = ask(ledger, config)
    assert [(one.subject, one.began, one.ended) for one in report.unwatched] == [("lake", DUES[10], DUES[11])]
    assert report.status is Status.INCOMPLETE
    assert "not watched (up to 24.0 h" in render_headline(report)


def test_daily_audits_without_a_service_leave_no_hole_and_a_day_without_one_does(ledger, config):
    expect(ledger, DUES, OCTOBER.start)
    for day in [*DUES, *(OCTOBER.end + n * DAY for n in range(3))]:
        if day != DUES[20]:
            audit(ledger, [said(due) for due in DUES if due < day], day + 6 * HOUR)
    (report,) = ask(ledger, config)
    assert [(one.began, one.ended) for one in report.unwatched] == [(DUES[19] + 6 * HOUR, DUES[20] + 5 * HOUR)]


def test_a_run_that_no_audit_judged_is_unknown(ledger, config):
    watch(ledger)
    expect(ledger, DUES, OCTOBER.start)
    audit(ledger, map(said, DUES[:-1]), OCTOBER.end + DAY)
    (report,) = ask(ledger, config)
    assert (report.status, report.balance.unknown) == (Status.INCOMPLETE, 1)
    assert [one.reason for one in report.not_checked] == ["no audit judged it in time"]
    assert sum(1 for _ in read_population(ledger, report)) == 31


def test_nothing_known_is_never_complete(ledger, config):
    (report,) = ask(ledger, config)
    assert report.status is Status.INCOMPLETE
    assert report.never_read == ("web",)


def test_a_flow_that_was_never_looked_at_is_told(tmp_path, ledger):
    more = CONFIG.replace("service:", "  crm: {destination: lake, schedule: {every: 1d, start: 2026-09-01T00:00:00Z}, "
                          f"datasets: [{D2}]}}\nservice:")  # fmt: skip
    (tmp_path / "auditor.yaml").write_text(more, "utf-8")
    whole_month(ledger)
    (report,) = ask(ledger, load_config(tmp_path / "auditor.yaml"))
    assert (report.never_read, report.status) == (("crm",), Status.INCOMPLETE)


def test_a_flow_that_began_after_the_period_is_no_part_of_it(tmp_path, ledger):
    more = CONFIG.replace("service:", "  crm: {destination: lake, schedule: {every: 1d, start: 2026-11-01T00:00:00Z}, "
                          f"datasets: [{D2}]}}\nservice:")  # fmt: skip
    (tmp_path / "auditor.yaml").write_text(more, "utf-8")
    whole_month(ledger)
    assert ask(ledger, load_config(tmp_path / "auditor.yaml"))[0].status is Status.GOOD


def test_what_is_put_up_with_stays_in_sight(ledger, config):
    waived = Waived("planned work", "ops", LATER)
    found = Finding("export-missing", Severity.ERROR, "No export came.", due=DUES[3], waived=waived)
    whole_month(ledger, d3=replace(said(DUES[3], Arrival.MISSING), findings=(found,)))
    (report,) = ask(ledger, config)
    assert report.status is Status.GOOD
    assert [(one.due, one.waived[0].reason) for one in report.deviations] == [(DUES[3], "planned work")]
    assert "1 missing (waived)" in render_headline(report)


def test_filters_are_kept_apart_and_told(ledger, config):
    whole_month(ledger)
    (web,) = ask(ledger, config, team="web")
    (other,) = ask(ledger, config, team="crm")
    assert (web.balance.expected, web.filters) == (31, {"team": "web"})
    assert (other.balance.expected, other.status) == (0, Status.INCOMPLETE)


def test_incidents_are_told_as_known_at_closing(ledger, config):
    from auditor.incident_model import Closing, Incident, IncidentState, Signed

    whole_month(ledger)
    opened = Incident(IncidentKey("export-missing", "web", D1, "lake"), Severity.ERROR, DUES[3], DUES[3], DUES[3])
    ledger.update_incidents_with(lambda known: Changes((opened,), ()))
    ledger.acknowledge(1, Signed("me", DUES[4], "on it"))
    (known,) = ledger.live_incidents()
    over = replace(known, state=IncidentState.CLOSED, closed_at=CLOSED + HOUR, closing=Closing.NEXT_RIGHT)
    ledger.update_incidents_with(lambda _: Changes((over,), ()))
    (line,) = ask(ledger, config)[0].incidents
    assert (line.closed_at, line.how, line.acknowledged) == (None, "", "me, 2026-10-05 00:00Z: on it")


def test_provenance_names_configuration_and_audits(ledger, config):
    whole_month(ledger)
    ledger.record_configuration("beef", tool_version="0.2", summary={}, at=DUES[2])
    provenance = ask(ledger, config)[0].provenance
    assert [(one.config_hash, one.days) for one in provenance.used] == [("c0ffee", 2)]
    assert [one.config_hash for one in provenance.configurations] == ["beef"]
    assert [(one.flow, one.origin) for one in provenance.sources] == [("web", "configuration")]
    assert provenance.read_at == OCTOBER.end + DAY


def test_any_span_can_be_asked_for(ledger, config):
    whole_month(ledger)
    (report,) = ask(ledger, config, period=parse_span(DUES[0], DUES[7]))
    assert report.balance.expected == 7


# --- the command ---------------------------------------------------------------------------------


def command(config: Config, *arguments: str):
    return CliRunner().invoke(app, ["report", *arguments, "-c", str(config.path)])


def test_the_command_writes_a_folder_that_sha256sum_confirms(tmp_path, ledger, config):
    import subprocess

    whole_month(ledger, d3=said(DUES[3], Arrival.MISSING))
    out = tmp_path / "out"
    out.mkdir()
    done = command(config, "--period", "2026-10", "-o", str(out), "--sample", "5", "--seed", "7")
    assert done.exit_code == 1, done.output
    assert {one.name for one in out.iterdir()} == {"report.html", "report.json", "population.csv", "SHA256SUMS"}
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=out, capture_output=True, check=False)
    assert checked.returncode == 0
    assert (out / "population.csv").read_text("utf-8").count("\n") == 32


@pytest.mark.parametrize(
    "arguments, said_",
    [
        ([], "say which period"),
        (["--period", "2026-13"], "is no period"),
        (["--period", "2026-10", "--to", "2026-11-01T00:00:00Z"], "say which period"),
        (["--from", "2026-11-01T00:00:00Z", "--to", "2026-10-01T00:00:00Z"], "ends before it begins"),
        (["--period", "2026-10", "--format", "pdf"], "no such format"),
        (["--period", "2026-10", "--flow", "wbe"], "not in"),
        (["--period", "2026-10", "--amendment", "1"], "no such amendment"),
        (["--period", "2026-10", "-o", "/nowhere/at/all.html"], "cannot write"),
    ],
)
def test_mistakes_end_with_two_and_a_sentence(config, arguments, said_):
    done = command(config, *arguments)
    assert (done.exit_code, said_ in done.output) == (2, True), done.output


def test_nothing_expected_ends_with_three(config):
    done = command(config, "--period", "2026-10", "--format", "json")
    assert done.exit_code == 3


def test_months_and_quarters_are_those_of_utc():
    assert parse_period("2026-Q4").start == parse_period("2026-10").start == datetime(2026, 10, 1, tzinfo=UTC)
    assert parse_period("2026-12").end == parse_period("2026-Q4").end == datetime(2027, 1, 1, tzinfo=UTC)
    assert parse_span(OCTOBER.start, OCTOBER.end) == OCTOBER


@pytest.mark.parametrize("period", [OCTOBER, parse_span(OCTOBER.start + 5 * HOUR, OCTOBER.end - 9 * HOUR)])
def test_a_closed_period_gives_the_same_bytes_whether_audits_were_let_go_before_it_was_asked_for(
    ledger, config, period
):
    whole_month(ledger)
    for day in [*DUES, *(OCTOBER.end + n * DAY for n in range(3))]:
        for hour in range(1, 24, 4):
            changed = day + hour * HOUR > DUES[9] + 12 * HOUR
            audit(ledger, [], day + hour * HOUR, "decaf" if changed else "c0ffee", destination="lake")
            audit(ledger, [], day + hour * HOUR, "decaf" if changed else "c0ffee", places=False)
    asked = {"as_of": period.closes_at, "preliminary": False}
    before = gather_completeness(ledger, config, period, Filters(), **asked)
    assert [one.days for one in before.provenance.used] == [11, 25 if period is OCTOBER else 24]
    assert ledger.roll_up(400 * DAY, now=LATER + 30 * DAY).audits > 200
    assert gather_completeness(ledger, config, period, Filters(), **asked) == before


def test_looks_at_what_is_recent_say_nothing_of_since_when_a_flow_is_watched(ledger, config):
    whole_month(ledger)
    number = ledger.begin_audit(
        now=CLOSED - HOUR, tool_version="0.1.0", config_hash="c0ffee", options={"recent": True}, flows=["web"]
    )
    watched = [Watched("web", OCTOBER.end + DAY)]
    ledger.finish_audit(number, status=Status.GOOD, watched=watched, files_read=0, files_reused=0, bytes_read=0)
    (report,) = ask(ledger, config)
    assert report.unwatched == ()
    assert report.status is Status.GOOD
