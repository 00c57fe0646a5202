"""A flow comes out complete: what is set, then the defaults by kind."""

from datetime import UTC, datetime, timedelta

import pytest

from auditor.model import (
    ArrivalClock,
    Compression,
    EmptyRuns,
    Exclusion,
    FileFormat,
    Level,
    Mode,
    RunKind,
    Schedule,
    Severity,
)
from auditor.settings.values import parse_duration
from tests.settings.configs import DATASET, OTHER, flow, read

F, D, B = RunKind.FREQUENT, RunKind.DAILY, RunKind.FIRST
START = datetime(2026, 10, 1, tzinfo=UTC)


def windows(folder, *lines, defaults=""):
    """Each kind's early, grace, deadline and settle."""
    found = read(folder, (f"defaults: {defaults}\n" if defaults else "") + flow(*lines)).flows["f"].windows
    return {kind: (w.early, w.grace, w.deadline, w.settle) for kind, w in found.items()}


def spans(text):
    return tuple(parse_duration(part) for part in text.split())


WINDOWS = [  # told, defaults, lines of the flow, kind -> early grace deadline settle
    (
        "by kind",
        "",
        [],
        {F: "10m 150m 6h 15m", D: "10m 4h 12h 30m", B: "10m 24h 72h 60m"},
    ),
    (
        "what defaults set holds for every kind",
        "{early: 1m, grace: 2h, deadline: 5h, settle: 3m}",
        [],
        {F: "1m 2h 5h 3m", D: "1m 2h 5h 3m", B: "1m 2h 5h 3m"},
    ),
    (
        "a flow holds against defaults",
        "{grace: 2h, deadline: 5h}",
        ["grace: 1h", "settle: 0s"],
        {F: "10m 1h 5h 0s", D: "10m 1h 5h 0s", B: "10m 1h 5h 0s"},
    ),
    (
        "first_run sets the backfill's own",
        "{grace: 2h, deadline: 5h, first_run: {grace: 30h}}",
        ["first_run: {deadline: 40h}"],
        {F: "10m 2h 5h 15m", D: "10m 2h 5h 30m", B: "10m 30h 40h 60m"},
    ),
    (
        "a longer grace alone stretches the deadline",
        "",
        ["grace: 8h"],
        {F: "10m 8h 8h 15m", D: "10m 8h 12h 30m", B: "10m 8h 72h 60m"},
    ),
    (
        "a shorter deadline alone cuts the grace",
        "",
        ["deadline: 1h"],
        {F: "10m 1h 1h 15m", D: "10m 1h 1h 30m", B: "10m 1h 1h 60m"},
    ),
]


@pytest.mark.parametrize("told, defaults, lines, expected", WINDOWS, ids=[case[0] for case in WINDOWS])
def test_windows(told, defaults, lines, expected, tmp_path):
    wanted = {kind: spans(text) for kind, text in expected.items()}
    assert windows(tmp_path, *lines, defaults=defaults) == wanted


def test_a_flow_with_the_least_has_every_default(tmp_path):
    found = read(tmp_path, flow()).flows["f"]
    assert (found.format, found.compression, found.manifest) == (FileFormat.JSON, Compression.GZIP, False)
    assert (found.mode, found.empty_runs, found.level) == (Mode.INCREMENTAL, EmptyRuns.EITHER, Level.L3)
    assert (found.arrival, found.folder_template) == (ArrivalClock.MODIFIED, "%DATASET_ID%/%EXPORT_TIME%")
    assert (found.max_age, found.watch_from, found.severities) == (None, None, {})
    assert found.schedules == (Schedule(start=START, every=timedelta(hours=3)),)


def test_a_flow_with_everything_says_everything(tmp_path):
    found = read(
        tmp_path,
        "defaults: {max_age: 9d, level: L1, empty_runs: folder, watch_from: 2026-10-05T00:00:00Z}\n"
        + flow(
            "format: parquet",
            "compression: none",
            "manifest: true",
            "mode: full",
            "folder_template: '%SANDBOX_NAME%/%DATASET_ID%/%DATETIME(YYYYMMdd_HHmmss)%'",
            "empty_runs: no-folder",
            "level: L0",
            "arrival: export_time",
            "max_age: 36h",
            "watch_from: 2026-10-02T02:00:00+02:00",
            "severity: {export-late: critical}",
        ),
    ).flows["f"]
    assert (found.format, found.compression, found.manifest) == (FileFormat.PARQUET, Compression.NONE, True)
    assert (found.mode, found.empty_runs, found.level) == (Mode.FULL, EmptyRuns.NO_FOLDER, Level.L0)
    assert found.arrival is ArrivalClock.EXPORT_TIME
    assert found.folder_template == "%SANDBOX_NAME%/%DATASET_ID%/%DATETIME(YYYYMMdd_HHmmss)%"
    assert (found.max_age, found.watch_from) == (timedelta(hours=36), datetime(2026, 10, 2, tzinfo=UTC))
    assert found.severities == {"export-late": Severity.CRITICAL}


def test_defaults_reach_every_flow_that_says_nothing(tmp_path):
    text = "defaults: {max_age: 9d, level: L0, empty_runs: folder, arrival: run, watch_from: 2026-10-05T00:00:00Z}\n"
    found = read(tmp_path, text + flow()).flows["f"]
    assert (found.max_age, found.level, found.empty_runs) == (timedelta(days=9), Level.L0, EmptyRuns.FOLDER)
    assert (found.arrival, found.watch_from) == (ArrivalClock.RUN, datetime(2026, 10, 5, tzinfo=UTC))


def test_the_destination_says_how_arrival_is_told_unless_the_flow_does(tmp_path):
    text = "defaults: {arrival: run}\n" + flow().replace("root: ./exports", "root: x, arrival: export_time")
    config = read(tmp_path, text)
    assert config.flows["f"].arrival is config.destinations["d"].facts.arrival is ArrivalClock.EXPORT_TIME
    text = text.replace("    destination: d", "    destination: d\n    arrival: modified")
    assert read(tmp_path, text).flows["f"].arrival is ArrivalClock.MODIFIED


SCHEDULES = [  # told, lines, text, schedules
    ("once", [], "{every: once, start: 2026-10-01T00:00:00Z}", [Schedule(START, once=True)]),
    ("mode once says enough", ["mode: once"], "{start: 2026-10-01T00:00:00Z}", [Schedule(START, once=True)]),
    (
        "cron by the clock of its zone",
        [],
        "{cron: ' 30  2 * * 1-5', zone: Australia/Lord_Howe, start: 2026-10-01T00:00:00Z}",
        [Schedule(START, cron="30 2 * * 1-5", zone="Australia/Lord_Howe")],
    ),
    (
        "a start with an offset is that instant",
        [],
        "{every: 3h, start: 2026-10-01T02:00:00+02:00, end: 2026-09-30T20:00:00-04:00}",
        [Schedule(START, end=START, every=timedelta(hours=3))],
    ),
    (
        "a list keeps the past",
        [],
        "[{every: 1d, start: 2026-10-01T00:00:00Z}, {every: 6h, start: 2026-10-08T00:00:00Z}]",
        [
            Schedule(START, every=timedelta(days=1)),
            Schedule(START + timedelta(days=7), every=timedelta(hours=6)),
        ],
    ),
    (
        "a day without exports is that day in the zone, also when it has 25 hours",
        [],
        "{every: 1d, zone: Europe/Berlin, start: 2026-10-01T00:00:00Z, except: [2026-10-25]}",
        [
            Schedule(
                START,
                every=timedelta(days=1),
                zone="Europe/Berlin",
                exclusions=(Exclusion(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),),
            )
        ],
    ),
    (
        "a span of times and a span of whole days",
        [],
        (
            "{every: 1d, start: 2026-10-01T00:00:00Z, except: "
            "[{from: 2026-12-31T12:00:00Z, to: 2027-01-01T13:00:00+01:00}, {from: 2026-12-24, to: 2026-12-26}]}"
        ),
        [
            Schedule(
                START,
                every=timedelta(days=1),
                exclusions=(
                    Exclusion(datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)),
                    Exclusion(datetime(2026, 12, 24, tzinfo=UTC), datetime(2026, 12, 27, tzinfo=UTC)),
                ),
            )
        ],
    ),
]


@pytest.mark.parametrize("told, lines, text, expected", SCHEDULES, ids=[case[0] for case in SCHEDULES])
def test_schedules(told, lines, text, expected, tmp_path):
    found = read(tmp_path, flow(*lines, schedule=f"schedule: {text}")).flows["f"]
    assert list(found.schedules) == expected


def test_a_schedule_that_is_due_once_makes_the_flow_one_of_mode_once(tmp_path):
    once = "schedule: {every: once, start: 2026-10-01T00:00:00Z}"
    assert read(tmp_path, flow(schedule=once)).flows["f"].mode is Mode.ONCE
    assert read(tmp_path, flow("mode: full", schedule=once)).flows["f"].mode is Mode.FULL


WARNINGS = [  # told, lines, datasets, warning
    (
        "template without time",
        ['folder_template: "%DATASET_ID%"'],
        f"[{DATASET}]",
        (
            "line 5: flows.f.folder_template: names no export time to the minute "
            "(%EXPORT_TIME% or %DATETIME(…)%): exports cannot be judged"
        ),
    ),
    (
        "template with the day alone",
        ['folder_template: "%DATASET_ID%/%DATETIME(YYYYMMdd)%"'],
        f"[{DATASET}]",
        (
            "line 5: flows.f.folder_template: names no export time to the minute "
            "(%EXPORT_TIME% or %DATETIME(…)%): exports cannot be judged"
        ),
    ),
    (
        "template without dataset",
        ['folder_template: "%EXPORT_TIME%"'],
        f"[{DATASET}, {OTHER}]",
        (
            "line 5: flows.f.folder_template: names no dataset, and the flow has 2: "
            "whose export a folder is cannot be judged"
        ),
    ),
    (
        "folders named by names that are not there",
        ['folder_template: "%DATASET_NAME%/%EXPORT_TIME%"'],
        f"[{{id: {DATASET}}}]",
        "line 8: flows.f.datasets[0]: has no name, and the folders are named by it (%DATASET_NAME%)",
    ),
]


@pytest.mark.parametrize("told, lines, datasets, expected", WARNINGS, ids=[case[0] for case in WARNINGS])
def test_what_is_allowed_and_cannot_be_judged_is_a_warning(told, lines, datasets, expected, tmp_path):
    assert read(tmp_path, flow(*lines, datasets=datasets)).warnings == (expected,)


@pytest.mark.parametrize(
    "template", ["%DATASET_ID%/%DATETIME(yyyy/MM/DD)%/%DATETIME(HH:mm)%", "x%DATASET_ID%-%DATETIME(YYYYMMdd'T'HHmmss)%"]
)
def test_a_time_may_be_spread_over_folders(template, tmp_path):
    assert read(tmp_path, flow(f'folder_template: "{template}"')).warnings == ()


def test_one_dataset_needs_no_dataset_in_its_template(tmp_path):
    assert read(tmp_path, flow('folder_template: "%EXPORT_TIME%"')).warnings == ()


def test_two_flows_in_folders_without_dataset_are_a_warning(tmp_path):
    text = flow('folder_template: "%EXPORT_TIME%"')
    text += text[text.index("  f:") :].replace("  f:", "  g:").replace(DATASET, OTHER)
    assert read(tmp_path, text).warnings == (
        (
            'line 10: flows.g.folder_template: names no dataset, and flow "f" exports to the same folders: '
            "they cannot be told apart"
        ),
    )


def test_a_dataset_may_be_exported_twice_to_different_folders(tmp_path):
    text = flow()
    text += text[text.index("  f:") :].replace("  f:", "  g:")
    text += '    folder_template: "full/%DATASET_ID%/%EXPORT_TIME%"\n'
    assert read(tmp_path, text).flows.keys() == {"f", "g"}


def test_a_destination_without_flow_and_one_place_twice_are_warnings(tmp_path):
    text = flow().replace("flows:\n", "  e: {type: local, root: exports}\nflows:\n", 1)
    assert read(tmp_path, text).warnings == (
        'line 3: destinations.e: is the same place as "d": each calls the other\'s datasets unknown; use one name',
        "line 3: destinations.e: no flow exports to it, so that nothing is expected there",
    )
