"""Every mistake a new user makes gets a sentence that says where, and what to write instead."""

import pytest

from auditor.settings import ConfigError, load_config
from tests.settings.configs import DATASET, OTHER, destination, flow, mistakes

FLOW_KEYS = (
    "owner, team, tags, runbook, "
    "early, grace, deadline, settle, first_run, max_age, level, empty_runs, arrival, watch_from, destination, "
    "datasets, schedule, format, compression, manifest, mode, folder_template, encryption, ignore, severity, "
    "experience_platform, flow_id, count_mismatch"
)
ID_HELP = "copy it from the dataset's page in Experience Platform"
DURATION_HELP = "write a number and a unit, such as 90s, 10m, 6h, 1d, 2w or 1h30m"

CASES = [  # told, configuration, messages
    (
        "unknown key",
        flow("formt: json"),
        ['c.yaml:5:5: flows.f.formt: is no key here. Did you mean "format"?'],
    ),
    (
        "unknown key that is near to nothing",
        flow("xyzzy: 1"),
        [f"c.yaml:5:5: flows.f.xyzzy: is no key here; known are: {FLOW_KEYS}"],
    ),
    (
        "hyphen for underscore",
        flow("empty-runs: folder"),
        ['c.yaml:5:5: flows.f.empty-runs: is no key here. Did you mean "empty_runs"?'],
    ),
    (
        "unknown key at the top",
        "flow: 1\n" + flow(),
        ['c.yaml:1:1: flow: is no key here. Did you mean "flows"?'],
    ),
    (
        "unknown key inside an item",
        flow(datasets=f"[{{id: {DATASET}, nam: x}}]"),
        ['c.yaml:7:47: flows.f.datasets[0].nam: is no key here. Did you mean "name"?'],
    ),
    (
        "duration without unit",
        flow("grace: 150"),
        [
            (
                'c.yaml:5:12: flows.f.grace: "150" is no duration; write the unit too: '
                "150s (seconds), 150m (minutes), 150h (hours) or 150d (days)"
            )
        ],
    ),
    (
        "duration in words",
        flow("grace: 2 hours"),
        ['c.yaml:5:12: flows.f.grace: "2 hours" is no duration; write 2h'],
    ),
    (
        "duration of months",
        flow("max_age: 1 month"),
        [f'c.yaml:5:14: flows.f.max_age: "1 month" is no duration; {DURATION_HELP}'],
    ),
    (
        "negative duration",
        flow("early: -10m"),
        [f'c.yaml:5:12: flows.f.early: "-10m" is no duration; {DURATION_HELP}'],
    ),
    (
        "time without zone",
        flow(schedule="schedule: {every: 3h, start: 2026-10-01T00:00}"),
        [
            (
                'c.yaml:6:34: flows.f.schedule.start: "2026-10-01T00:00" has no time zone; write 2026-10-01T00:00:00Z '
                "for UTC, or the offset, as in 2026-10-01T00:00:00+02:00"
            )
        ],
    ),
    (
        "date for a time",
        flow(schedule="schedule: {every: 3h, start: 2026-10-01}"),
        [
            (
                'c.yaml:6:34: flows.f.schedule.start: "2026-10-01" is no time; write the time of day and the zone too: '
                "2026-10-01T00:00:00Z"
            )
        ],
    ),
    (
        "UNIX seconds, as Flow Service has them",
        flow(schedule="schedule: {every: 3h, start: 1790812800}"),
        [
            (
                'c.yaml:6:34: flows.f.schedule.start: "1790812800" is no time; write these UNIX seconds as '
                "2026-10-01T00:00:00Z"
            )
        ],
    ),
    (
        "day that does not exist",
        flow(schedule="schedule: {every: 3h, start: 2026-02-30T00:00:00Z}"),
        [
            (
                'c.yaml:6:34: flows.f.schedule.start: "2026-02-30T00:00:00Z" is no time that exists; '
                "write one such as 2026-10-01T00:00:00Z"
            )
        ],
    ),
    (
        "start left out",
        flow(schedule="schedule: {every: 3h}"),
        ["c.yaml:6:5: flows.f.schedule.start: is missing; add it, as in start: 2026-10-01T00:00:00Z"],
    ),
    (
        "end before start",
        flow(schedule="schedule: {every: 3h, start: 2026-10-01T00:00:00Z, end: 2026-09-30T23:59:59Z}"),
        [
            (
                "c.yaml:6:61: flows.f.schedule.end: lies before start, so that no run is ever due; "
                "write a later end, or leave it out"
            )
        ],
    ),
    (
        "neither every nor cron",
        flow(schedule="schedule: {start: 2026-10-01T00:00:00Z}"),
        ['c.yaml:6:15: flows.f.schedule: says not how often; add every: 3h, or cron: "30 2 * * *", or every: once'],
    ),
    (
        "both every and cron",
        flow(schedule='schedule: {every: 3h, cron: "0 2 * * *", start: 2026-10-01T00:00:00Z}'),
        ["c.yaml:6:33: flows.f.schedule.cron: stands beside every; keep one of them"],
    ),
    (
        "interval below a minute",
        flow(schedule="schedule: {every: 3s, start: 2026-10-01T00:00:00Z}"),
        ['c.yaml:6:23: flows.f.schedule.every: "3s" is too short; write 1m or more, or once'],
    ),
    (
        "cron with six fields",
        flow(schedule='schedule: {cron: "0 30 2 * * *", start: 2026-10-01T00:00:00Z}'),
        [
            (
                'c.yaml:6:22: flows.f.schedule.cron: "0 30 2 * * *" has 6 fields; '
                'write five: minute hour day month weekday, as in "30 2 * * *"'
            )
        ],
    ),
    (
        "cron out of range",
        flow(schedule='schedule: {cron: "61 2 * * *", start: 2026-10-01T00:00:00Z}'),
        [
            (
                'c.yaml:6:22: flows.f.schedule.cron: "61 2 * * *" is no cron expression (bad minute); '
                'write one such as "30 2 * * *"'
            )
        ],
    ),
    (
        "unknown zone",
        flow(schedule='schedule: {cron: "0 2 * * *", zone: Europe/Berln, start: 2026-10-01T00:00:00Z}'),
        [
            (
                'c.yaml:6:41: flows.f.schedule.zone: "Europe/Berln" is no IANA time zone; '
                'write one such as Europe/Berlin or UTC. Did you mean "Europe/Berlin"?'
            )
        ],
    ),
    (
        "schedules out of order",
        flow(schedule="schedule: [{every: 3h, start: 2026-11-01T00:00:00Z}, {every: 6h, start: 2026-10-01T00:00:00Z}]"),
        [
            (
                "c.yaml:6:77: flows.f.schedule[1].start: starts no later than the schedule above it; "
                "list schedules oldest first, each with its own start"
            )
        ],
    ),
    (
        "no schedules",
        flow(schedule="schedule: []"),
        ["c.yaml:6:15: flows.f.schedule: is empty; add {every: 3h, start: 2026-10-01T00:00:00Z}"],
    ),
    (
        "half a span",
        flow(schedule="schedule: {every: 3h, start: 2026-10-01T00:00:00Z, except: [{from: 2026-12-24}]}"),
        ["c.yaml:6:65: flows.f.schedule.except[0]: needs both from and to, or is a date alone, such as 2026-12-25"],
    ),
    (
        "span backwards",
        flow(
            schedule="schedule: {every: 3h, start: 2026-10-01T00:00:00Z, except: [{from: 2026-12-24, to: 2026-12-20}]}"
        ),
        ["c.yaml:6:65: flows.f.schedule.except[0]: ends before it begins; write from before to"],
    ),
    (
        "once that repeats",
        flow("mode: once"),
        ["c.yaml:7:23: flows.f.schedule.every: contradicts mode: once; remove it, or write every: once"],
    ),
    (
        "unknown destination",
        flow().replace("destination: d", "destination: dd"),
        ['c.yaml:5:18: flows.f.destination: "dd" is no destination; add it to destinations. Did you mean "d"?'],
    ),
    (
        "unknown destination that is near to nothing",
        flow().replace("destination: d", "destination: lake"),
        ['c.yaml:5:18: flows.f.destination: "lake" is no destination; add it to destinations. Known are: "d".'],
    ),
    (
        "dataset id in capitals",
        flow(datasets=f"[{DATASET.upper()}]"),
        [f'c.yaml:7:16: flows.f.datasets[0]: "{DATASET.upper()}" is no dataset id; write it in lower case: {DATASET}'],
    ),
    (
        "dataset id cut short",
        flow(datasets="[{id: 5ef3e324}]"),
        [
            (
                'c.yaml:7:21: flows.f.datasets[0].id: "5ef3e324" is no dataset id '
                f"(24 digits and lower-case letters, here 8 characters); {ID_HELP}"
            )
        ],
    ),
    (
        "dataset without id",
        flow(datasets="[{name: Web}]"),
        [f"c.yaml:7:16: flows.f.datasets[0].id: is missing; add it, as in id: {DATASET}"],
    ),
    (
        "no datasets",
        flow(datasets="[]"),
        ["c.yaml:7:15: flows.f.datasets: is empty; add the datasets that the dataflow exports"],
    ),
    (
        "datasets that are no list",
        flow(datasets=f"{{id: {DATASET}}}"),
        [
            (
                "c.yaml:7:15: flows.f.datasets: a list belongs here, "
                "as in datasets: [{id: 5ef3e324052581191aa6a466, name: Web events}]"
            )
        ],
    ),
    (
        "dataset twice in a flow",
        flow(datasets=f"[{DATASET}, {OTHER}, {{id: {DATASET}}}]"),
        [f"c.yaml:7:73: flows.f.datasets[2].id: {DATASET} is listed twice, first on line 7; keep one of them"],
    ),
    (
        "dataset in two flows",
        flow()
        + f"  g: {{destination: d, schedule: {{every: 1d, start: 2026-10-01T00:00:00Z}}, datasets: [{DATASET}]}}\n",
        [
            (
                f'c.yaml:8:86: flows.g.datasets[0]: {DATASET} is exported by flow "f" to the same destination and '
                "folders too, so that nobody can say whose export a folder is; remove it from one flow, or give "
                "one another folder_template"
            )
        ],
    ),
    (
        "word that is no format",
        flow("format: jsonl"),
        ['c.yaml:5:13: flows.f.format: "jsonl" is not known here; write one of: json, parquet. Did you mean "json"?'],
    ),
    (
        "neither yes nor no",
        flow("manifest: maybe"),
        ['c.yaml:5:15: flows.f.manifest: "maybe" is neither true nor false; write one of them'],
    ),
    (
        "level without its letter",
        flow("level: 3"),
        ['c.yaml:5:12: flows.f.level: "3" is no assurance level; write one of: L0, L1, L2, L3, L4. Did you mean L3?'],
    ),
    (
        "level of a rehearsal",
        flow("level: L5"),
        ["c.yaml:5:12: flows.f.level: L5 is reached by restoring in a rehearsal, not by an audit; write L4 or lower"],
    ),
    (
        "deadline before grace",
        flow("grace: 10h", "deadline: 5h"),
        [
            (
                "c.yaml:6:15: flows.f.deadline: 5h is shorter than the grace 10h, so that an export would be missing "
                "before it is late; write 10h or more, or a shorter grace"
            )
        ],
    ),
    (
        "backfill with more grace than its deadline",
        flow("deadline: 6h", "first_run: {grace: 24h}"),
        [
            (
                "c.yaml:5:15: flows.f.deadline: 6h is shorter than the grace 1d of the first run, so that an export "
                "would be missing before it is late; write 1d or more, or a shorter grace"
            )
        ],
    ),
    (
        "unknown finding code",
        flow("severity: {export-lat: error}"),
        [
            (
                'c.yaml:5:16: flows.f.severity.export-lat: "export-lat" is no finding code; '
                '`export-auditor explain` lists them. Did you mean "export-late"?'
            )
        ],
    ),
    (
        "unknown severity",
        flow("severity: {export-late: errror}"),
        [
            (
                'c.yaml:5:29: flows.f.severity.export-late: "errror" is not known here; '
                'write one of: info, warning, error, critical. Did you mean "error"?'
            )
        ],
    ),
    (
        "unknown macro",
        flow('folder_template: "%DATASETID%/%EXPORT_TIME%"'),
        [
            (
                'c.yaml:5:22: flows.f.folder_template: "%DATASETID%" is no macro of Experience Platform; known are: '
                "%DATASET_ID%, %DATASET_NAME%, %DESTINATION%, %DESTINATION_NAME%, %DESTINATION_INSTANCE_NAME%, "
                "%DESTINATION_INSTANCE_ID%, %SANDBOX_NAME%, %ORGANIZATION_NAME%, %DATETIME(YYYYMMdd_HHmmss)%, "
                '%EXPORT_TIME%. Did you mean "%DATASET_ID%"?'
            )
        ],
    ),
    (
        "half a macro",
        flow('folder_template: "%DATASET_ID/%EXPORT_TIME%"'),
        [
            (
                'c.yaml:5:22: flows.f.folder_template: a "%" without its partner; '
                "macros stand between two, as in %DATASET_ID%"
            )
        ],
    ),
    (
        "date macro in another form",
        flow('folder_template: "%DATASET_ID%/%DATETIME(week)%"'),
        [
            (
                'c.yaml:5:22: flows.f.folder_template: "%DATETIME(week)%" is not understood; '
                "write %DATETIME(YYYYMMdd_HHmmss)%, with the parts YYYY, MM, dd, HH, mm, ss"
            )
        ],
    ),
    (
        "template with an empty folder",
        flow('folder_template: "%DATASET_ID%//%EXPORT_TIME%"'),
        [
            (
                'c.yaml:5:22: flows.f.folder_template: has an empty folder name ("//"); '
                "write one slash between two folders"
            )
        ],
    ),
    (
        "template with slashes",
        flow('folder_template: "/%DATASET_ID%/%EXPORT_TIME%/"'),
        ['c.yaml:5:22: flows.f.folder_template: has a slash at its ends; write "%DATASET_ID%/%EXPORT_TIME%"'],
    ),
    (
        "folder with slashes",
        destination("type: local", "root: x", "folder: /backups/aep/"),
        ['c.yaml:5:13: destinations.d.folder: has slashes at its ends; write "backups/aep"'],
    ),
    (
        "folder that climbs",
        destination("type: local", "root: x", "folder: a/../b"),
        [
            (
                'c.yaml:5:13: destinations.d.folder: "." and ".." are no folder names in an export; '
                "write the folder path itself"
            )
        ],
    ),
    (
        "type left out",
        destination("root: x"),
        ["c.yaml:2:3: destinations.d.type: is missing; add it, as in type: local"],
    ),
    (
        "unknown type, whose keys are not judged",
        destination("type: locl", "path: x"),
        [
            (
                'c.yaml:3:11: destinations.d.type: "locl" is no type of destination; write one of: local, s3, '
                "azure-blob, adls-gen2, gcs, sftp, data-landing-zone. "
                'Did you mean "local"?'
            )
        ],
    ),
    (
        "root left out",
        destination("type: local"),
        ["c.yaml:2:3: destinations.d.root: is missing; add it, as in root: ./exports"],
    ),
    (
        "address for a bucket",
        destination("type: s3", "bucket: s3://acme/backups/aep"),
        [
            (
                'c.yaml:4:13: destinations.d.bucket: "s3://acme/backups/aep" is no bucket name; '
                "write bucket: acme, and folder: backups/aep"
            )
        ],
    ),
    (
        "endpoint without scheme",
        destination("type: s3", "bucket: acme", "endpoint_url: s3.example.com"),
        [
            (
                'c.yaml:5:19: destinations.d.endpoint_url: "s3.example.com" is no address; '
                "write it with its scheme, as https://host:port"
            )
        ],
    ),
    (
        "page of a million",
        destination("type: s3", "bucket: acme", "page_size: 1_000_000"),
        ['c.yaml:5:16: destinations.d.page_size: "1_000_000" does not fit; write a whole number from 1 to 5,000'],
    ),
    (
        "time-out of a day",
        destination("type: s3", "bucket: acme", "timeout: 1d"),
        ["c.yaml:5:14: destinations.d.timeout: does not fit; write a duration from 1s to 1h"],
    ),
    (
        "list for one value",
        destination("type: local", "root: [a]"),
        ["c.yaml:4:11: destinations.d.root: a list stands here; write one value"],
    ),
    (
        "ledger that is a path",
        "ledger: audit.db\n" + flow(),
        [
            (
                "c.yaml:1:9: ledger: is no database URL; write it as sqlite:///export-auditor.db, "
                "or postgresql://user@host/name"
            )
        ],
    ),
    (
        "ledger with two slashes",
        "ledger: sqlite://audit.db\n" + flow(),
        ["c.yaml:1:9: ledger: has two slashes where three belong; write it as sqlite:///export-auditor.db"],
    ),
    (
        "ledger that forgets",
        'ledger: "sqlite:///:memory:"\n' + flow(),
        [
            (
                "c.yaml:1:9: ledger: names no file, so that nothing would be remembered; "
                "write it as sqlite:///export-auditor.db"
            )
        ],
    ),
    (
        "schedule in words",
        flow(schedule="schedule: every 3h"),
        [
            (
                "c.yaml:6:15: flows.f.schedule: a mapping belongs here, "
                "as in schedule: {every: 3h, start: 2026-10-01T00:00:00Z}"
            )
        ],
    ),
    (
        "a date alone where a list belongs",
        flow(schedule="schedule: {every: 3h, start: 2026-10-01T00:00:00Z, except: 2026-12-25}"),
        [
            (
                "c.yaml:6:64: flows.f.schedule.except: a list belongs here, "
                "as in except: [2026-12-25, {from: 2026-12-31T12:00:00Z, to: 2027-01-01T12:00:00Z}]"
            )
        ],
    ),
    (
        "zone of this machine",
        flow(schedule="schedule: {every: 3h, start: 2026-10-01T00:00:00Z, zone: localtime}"),
        [
            (
                'c.yaml:6:62: flows.f.schedule.zone: "localtime" is no IANA time zone; '
                "write one such as Europe/Berlin or UTC."
            )
        ],
    ),
    (
        "age of nothing",
        flow("max_age: 0s"),
        ["c.yaml:5:14: flows.f.max_age: is no time at all; write 1s or more, or leave the key out"],
    ),
    (
        "variable where no secret is",
        destination("type: s3", "bucket: ${BUCKET}"),
        [
            (
                'c.yaml:4:13: destinations.d.bucket: "${BUCKET}" is only looked up for secrets and the ledger; '
                "write the value itself"
            )
        ],
    ),
    (
        "half a character",
        flow(datasets=f'[{{id: {DATASET}, name: "\\uD800"}}]'),
        [
            (
                "c.yaml:7:53: flows.f.datasets[0].name: holds a character that is no text "
                "(NUL or half a surrogate pair); remove it"
            )
        ],
    ),
    (
        "ledger without a database",
        "ledger: postgresql://audit@db\n" + flow(),
        ["c.yaml:1:9: ledger: names no database; write it as postgresql://user@host/name"],
    ),
    (
        "ledger with a port that is none",
        "ledger: postgresql://audit@db:x/audit\n" + flow(),
        ["c.yaml:1:9: ledger: is no database URL; write it as postgresql://user@host:port/name"],
    ),
    (
        "ledger in nobody's home",
        "ledger: sqlite:///~nobody-here/a.db\n" + flow(),
        ["c.yaml:1:9: ledger: names the home folder of nobody here; write the file in full"],
    ),
    (
        "flow without anything",
        flow() + "  g:\n",
        ["c.yaml:8:3: flows.g: a mapping belongs here: keys with their values, as in {key: value}"],
    ),
    (
        "no flows",
        "destinations: {d: {type: local, root: x}}\n",
        ["c.yaml:1:1: flows: is missing; add flows: with a name for each"],
    ),
    (
        "flows as a list",
        "destinations: {d: {type: local, root: x}}\nflows: [{name: f}]\n",
        ["c.yaml:2:8: flows: a mapping of names belongs here, as in {my-name: {…}}"],
    ),
]


@pytest.mark.parametrize("told, text, expected", CASES, ids=[case[0] for case in CASES])
def test_a_mistake_is_told_where_it_is_and_what_to_write(told, text, expected, tmp_path):
    assert mistakes(tmp_path, text) == expected


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = """\
ledgr: x
defaults: {grace: 1}
destinations:
  d: {type: local, root: x, folder: /a}
flows:
  f:
    destination: e
    schedule: {every: 5, cron: x, start: 2026-10-01, zone: Mars/Base}
    datasets: [007]
    severity: {nope: error}
    colour: red
"""
    lines = [line.split(": ", 2)[:2] for line in mistakes(tmp_path, text)]
    assert lines == [
        ["c.yaml:1:1", "ledgr"],
        ["c.yaml:2:19", "defaults.grace"],
        ["c.yaml:4:37", "destinations.d.folder"],
        ["c.yaml:7:18", "flows.f.destination"],
        ["c.yaml:8:23", "flows.f.schedule.every"],
        ["c.yaml:8:32", "flows.f.schedule.cron"],
        ["c.yaml:8:42", "flows.f.schedule.start"],
        ["c.yaml:8:60", "flows.f.schedule.zone"],
        ["c.yaml:9:16", "flows.f.datasets[0]"],
        ["c.yaml:10:16", "flows.f.severity.nope"],
        ["c.yaml:11:5", "flows.f.colour"],
    ]


def test_an_unknown_key_does_not_hide_what_else_is_wrong(tmp_path):
    text = flow("colour: red", schedule="schedule: {every: 3h, cron: '0 2 * * *', start: 2026-10-01T00:00:00Z}")
    assert [line.split(": ")[1] for line in mistakes(tmp_path, text)] == ["flows.f.colour", "flows.f.schedule.cron"]


def test_control_characters_in_a_message_are_harmless(tmp_path):
    (told,) = mistakes(tmp_path, flow('format: "\\e[31mred\\nline"'))
    assert told.startswith(r'c.yaml:5:13: flows.f.format: "\x1b[31mred\nline" is not known here')


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "nope.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/nope.yaml: cannot be read (No such file or directory); name the configuration with -c FILE"
    )
