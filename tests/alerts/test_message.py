"""What a notice says, and what it does not."""

import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import typer

from auditor.alerts.message import write_message, write_test_message
from auditor.alerts.story import gather_stories
from auditor.alerts.words_codes import words_for
from auditor.alerts.words_commands import list_answers, list_commands
from auditor.cli import app
from auditor.incident_model import EventKind, Incident, IncidentKey, Member, Message
from auditor.incidents import Changes
from auditor.ledger import Ledger
from auditor.model import Arrival, Claim, Content, Dataset, RunState, Severity, Verdict
from auditor.settings import Config
from auditor.settings.alerts import Alerts
from tests.alerts.message_world import (
    DUES,
    LAKE,
    NOW,
    ONE,
    SOUND,
    WEB,
    changed_for,
    codes_told,
    keep,
    make_config,
    make_incident,
    make_world,
    record,
    shared_world,
)

H = timedelta(hours=1)


def write(
    code: str,
    kind: EventKind = EventKind.OPENED,
    *,
    runs: Sequence[Verdict] | None = None,
    incidents: Sequence[Incident] | None = None,
    config: Config | None = None,
    told_at: datetime | None = None,
    world: Ledger | None = None,
) -> Message:
    ledger, told = (world, incidents) if world and incidents else shared_world(code, kind)
    told = incidents or told
    if runs is not None:
        ledger = ledger_of(runs)
    try:
        return write_message(ledger, config or make_config(), told, kind, now=NOW, told_at=told_at)
    finally:
        if runs is not None:
            ledger.close()


def ledger_of(runs: Sequence[Verdict]) -> Ledger:
    ledger = Ledger.in_memory()
    record(ledger, runs)
    return ledger


def missing(due: datetime, claim: Claim | None, dataset: str = ONE) -> Verdict:
    return Verdict(WEB, dataset, LAKE, due, Arrival.MISSING, Content.UNCHECKED, claim=claim)


def test_the_first_line_says_what_since_when_and_how_much_of_what_it_concerns() -> None:
    assert write("protection-stale").plain.split("\n")[0] == (
        "web-3h → lake-backup: no sound export since 24 Nov 15:00 UTC (limit 12 h); "
        "20 of 20 datasets, 2 due times missing: 24 Nov 18:00, 21:00 UTC"
    )


ORDER = (
    "What Adobe says",
    "What storage shows",
    "Likely cause",
    "What to do now",
    "Does waiting help?",
    "What is at stake",
    "Newest sound export",
    "Who looks after it",
)


@pytest.mark.parametrize("form", ["plain", "markdown", "html"])
def test_the_parts_stand_in_the_order_a_reader_needs_them(form: str) -> None:
    text: str = getattr(write("export-missing"), form)
    places = [text.index(heading) for heading in ORDER]
    assert places == sorted(places)


def test_without_run_records_nothing_is_said_in_adobes_name() -> None:
    assert "Adobe says" not in write("export-missing", runs=[missing(due, None) for due in DUES]).plain


def test_records_that_could_not_be_read_are_said_to_be_unknown() -> None:
    unknown = Claim(RunState.UNKNOWN, reason="503, also after 5 tries")
    text = write("export-missing", runs=[missing(due, unknown) for due in DUES]).plain
    assert "It could not be told: the run records could not be read (503, also after 5 tries)." in text


def test_runs_of_which_nobody_knows_are_not_called_missing() -> None:
    unseen = Verdict(WEB, ONE, LAKE, DUES[0], Arrival.UNKNOWN, Content.UNVERIFIABLE)
    text = write("export-missing", runs=[unseen, missing(DUES[1], None)]).plain
    assert "No folder for 1 of 2 runs." in text
    assert "1 run could not be looked at." in text


CAUSES = [
    (RunState.FAILED, "The runs failed in Experience Platform"),
    (RunState.IN_PROGRESS, "The runs take longer than usual"),
    (RunState.SUCCEEDED, "The runs wrote somewhere else than lake-backup"),
]


@pytest.mark.parametrize(("state", "cause"), CAUSES)
def test_the_likely_cause_follows_from_what_adobe_says(state: RunState, cause: str) -> None:
    text = write("export-missing", runs=[missing(due, Claim(state, ("r",))) for due in DUES]).plain
    assert cause in text


def test_waiting_is_said_to_help_where_a_run_is_still_open() -> None:
    text = write("export-missing", runs=[missing(DUES[0], Claim(RunState.IN_PROGRESS, ("r",)))]).plain
    assert "Perhaps: a run is still open" in text


def test_if_no_flow_arrives_the_cause_is_what_they_share() -> None:
    other = Verdict("crm-daily", "crm0", LAKE, DUES[0], Arrival.MISSING, Content.UNCHECKED)
    text = write("export-missing", runs=[other, *(missing(due, None) for due in DUES)]).plain
    assert "Of other flows here nothing came either: crm-daily." in text
    assert "Something all flows to lake-backup share" in text


def test_of_a_dataset_without_any_sound_export_that_is_said() -> None:
    assert "Newest sound export\n  None is known" in write("export-missing", runs=[missing(DUES[0], None)]).plain


@pytest.mark.parametrize("code", ["export-missing", "file-corrupt", "credential-expired", "flow-ended", "run-failed"])
def test_a_recovery_never_bears_the_label_of_the_failure(code: str) -> None:
    """kOlapsis/maintenant#67, betterlytics/betterlytics#1086"""
    message = write(code, EventKind.RECOVERED)
    for line in (message.title, message.short, message.plain.split("\n")[0]):
        assert code not in line
        assert words_for(code).what not in line
        assert not any(severity.value in line for severity in Severity)
    assert words_for(code).right in message.title
    assert "after 3 h 10 min" in message.title
    assert "ack 17" not in message.plain


def test_a_recovery_says_which_due_times_stay_a_gap() -> None:
    message = write("export-missing", EventKind.RECOVERED)
    assert "1 due time stays a gap" in message.title
    assert "1 due time stays a gap: 24 Nov 18:00 UTC." in message.plain


@pytest.mark.parametrize("code", codes_told())
def test_what_only_acceptance_ends_offers_acceptance_and_nothing_else(code: str) -> None:
    only = code in {"export-changed", "export-deleted", "mass-loss", "protection-weakened", "schema-changed"}
    text = write(code).plain
    assert ("export-auditor accept " in text, "export-auditor ack " in text) == (only, not only)


def test_a_reminder_says_how_long_it_lasts_and_what_was_added() -> None:
    message = write("export-missing", EventKind.REMINDER, told_at=NOW - H)
    assert "still so after 3 h 10 min" in message.title
    assert "What was added since you were last told\n  1 due time: 24 Nov 21:00 UTC." in message.plain


def test_a_reminder_adds_nothing_that_was_told() -> None:
    assert "since you were last told" not in write("export-missing", EventKind.REMINDER, told_at=NOW).plain


def test_more_datasets_of_what_was_told_are_named_as_new() -> None:
    text = write("export-missing", told_at=NOW - 4 * H).plain
    assert "since you were last told\n  2 due times: 24 Nov 18:00, 21:00 UTC.\n  20 datasets: " in text


def test_a_recovery_says_for_which_datasets_it_goes_on() -> None:
    ledger, incidents = make_world("export-missing", EventKind.OPENED)
    over = [changed_for(one, EventKind.RECOVERED) for one in incidents[:18]]
    with ledger:
        keep(ledger, over)
        message = write_message(ledger, make_config(), over, EventKind.RECOVERED, now=NOW)
    assert "18 of 20 datasets" in message.title
    assert "It goes on for 2 other datasets: Web 18, Web 19." in message.plain


def test_a_cause_says_what_waits_for_it() -> None:
    ledger, incidents = make_world("destination-unreachable")
    child = make_incident("export-missing", ONE, 0)
    with ledger:
        ledger.update_incidents_with(
            lambda _: Changes(incidents=(child, *incidents), causes={child.key: incidents[0].key})
        )
        text = write_message(ledger, make_config(), incidents, EventKind.OPENED, now=NOW).plain
    assert "1 other incident waits for it, and you are told of it if it goes on after this: export-missing." in text


def test_a_recovery_names_the_due_times_though_the_incident_holds_them_no_more() -> None:
    text = write("export-late", EventKind.RECOVERED).plain
    assert "Late exports, 2 due times: 24 Nov 18:00, 21:00 UTC." in text


def test_a_gap_asks_for_no_acknowledgement_and_says_that_nothing_goes_on() -> None:
    text = write("file-truncated", EventKind.GAP).plain
    assert "No: later due times are right." in text
    assert " ack " not in text


@pytest.mark.parametrize("code", ["export-unexpected", "export-duplicate", "export-late"])
def test_what_is_told_once_is_called_no_hole(code: str) -> None:
    message = write(code, EventKind.GAP)
    assert "hole" not in message.plain
    assert "found afterwards" not in message.title
    assert "No: it is told this once." in message.plain


def test_of_a_mass_loss_the_first_line_says_how_much() -> None:
    assert write("mass-loss").title == "[critical] lake-backup: 1,204 of 48,113 known objects are gone or changed"


def test_times_are_told_in_the_readers_zone_too() -> None:
    config = make_config(alerts=Alerts(zone="Asia/Tokyo"))
    assert "since 2026-11-25 03:00 UTC (12:00 JST), 10 min ago" in write("protection-stale", config=config).plain


def test_four_hundred_datasets_stay_readable_and_quick() -> None:
    config = make_config()
    datasets = tuple(Dataset(f"d{n:04d}") for n in range(410))
    flow = replace(config.flows[WEB], datasets=datasets)
    config = replace(config, flows={**config.flows, WEB: flow})
    incidents = [make_incident("export-missing", f"d{n:04d}", n + 1) for n in range(400)]
    runs = [missing(due, None, one.id) for one in datasets for due in (SOUND, *DUES)]
    begun = time.monotonic()
    message = write("export-missing", incidents=incidents, config=config, runs=runs)
    assert time.monotonic() - begun < 10
    assert "400 of 410 datasets, 2 due times" in message.title
    assert "d0019 and 380 more" in message.plain
    assert "d0020" not in message.plain
    assert len(message.plain) < 6000
    assert "incidents 1, 2, 3, 4, 5 and 395 more" in message.plain


def test_many_troubles_in_one_notice_are_listed_told_and_counted() -> None:
    incidents = [
        replace(make_incident("file-corrupt", ONE, n + 1), key=IncidentKey("file-corrupt", f"flow-{n:03d}", ONE, LAKE))
        for n in range(30)
    ]
    message = write("file-corrupt", incidents=incidents)
    assert message.title == "[error] 30 findings: flow-000 → lake-backup, flow-001 → lake-backup and 28 more places"
    assert "20. flow-019 → lake-backup" in message.plain
    assert "And 10 more, in `export-auditor incidents`." in message.plain
    assert message.plain.count("What to do now") == 5


def test_the_gravest_comes_first() -> None:
    incidents = [make_incident("export-late", ONE, 1), make_incident("protection-stale", ONE, 2)]
    message = write("protection-stale", incidents=incidents)
    assert message.title.startswith("[critical] 2 findings")
    assert message.plain.index("no sound export") < message.plain.index("exports come late")


def test_of_a_flow_that_is_no_longer_configured_the_notice_says_what_is_known() -> None:
    config = replace(make_config(), flows={}, destinations={})
    text = write("export-missing", config=config).plain
    assert "20 datasets, 2 due times" in text
    assert "Owner" not in text


def test_a_notice_about_nothing_is_a_mistake() -> None:
    with Ledger.in_memory() as ledger, pytest.raises(ValueError):
        write_message(ledger, make_config(), [], EventKind.OPENED, now=NOW)


@pytest.mark.parametrize("code", codes_told())
@pytest.mark.parametrize("kind", [*EventKind])
def test_every_code_can_be_told_in_every_kind(code: str, kind: EventKind) -> None:
    incidents = [changed_for(one, kind) for one in shared_world(code)[1]]
    message = write(code, kind, incidents=incidents, world=shared_world(code)[0])
    assert len(message.short) <= 160
    assert "\n" not in message.title + message.short
    assert all((message.plain, message.markdown, message.html))


def test_no_option_of_a_destination_is_ever_told() -> None:
    config = make_config()
    place = replace(config.destinations[LAKE], options={"secret_access_key": "s3cr3t-planted"})
    config = replace(config, destinations={LAKE: place}, ledger_url="postgresql://u:s3cr3t-planted@h/d")
    for code in codes_told():
        message = write(code, config=config)
        assert "s3cr3t-planted" not in message.title + message.plain + message.markdown + message.html


def test_a_test_message_says_that_it_is_one() -> None:
    message = write_test_message(make_config(), "ops-mail", "1", NOW)
    assert message.title == "[test] Test of channel ops-mail, route 1"
    assert "Nothing is wrong, and nothing is to be done." in message.plain
    assert "2026-11-25 03:10 UTC (04:10 CET)" in message.html


@pytest.mark.parametrize("code", codes_told())
def test_every_command_can_be_pasted(code: str) -> None:
    config = make_config()
    ledger, incidents = shared_world(code)
    story = gather_stories(ledger, config, incidents, EventKind.OPENED, now=NOW)[0]
    for command in list_commands(story, config.path, follows_adobe=True):
        understood(shlex.split(command.line))


def understood(words: Sequence[str]) -> None:
    """Raise what the command line would raise for it, without running anything."""
    name, *rest = words
    assert name == "export-auditor"
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context("export-auditor", list(rest), resilient_parsing=False)


def test_keys_that_are_no_folders_are_not_called_so() -> None:
    incident = replace(make_incident("flow-unmatched", ONE, 1), members=(Member(None, "flow-id"),))
    assert "folder" not in write("flow-unmatched", incidents=[incident]).title
    file = replace(make_incident("file-corrupt", ONE, 1), members=(Member(None, "a/part-0.json.gz"),))
    text = write("file-corrupt", incidents=[file]).plain
    assert text.split("\n")[0].endswith(", 1 file")
    assert "File: a/part-0.json.gz" in text


def test_a_broken_channel_is_named_first() -> None:
    assert write("notices-undelivered").title == "[warning] pager: a channel delivers no notices"


def test_members_that_are_keys_are_named() -> None:
    incident = replace(make_incident("export-unexpected", ONE, 1), members=(Member(None, "a/b/"), Member(None, "a/c/")))
    text = write("export-unexpected", incidents=[incident]).plain
    assert "2 folders" in text.split("\n")[0]
    assert "Folders: a/b/, a/c/" in text


def test_of_many_datasets_without_exports_for_long_the_last_week_is_counted_and_said_so() -> None:
    dues = [SOUND + n * 3 * H for n in range(1, 105)]  # 13 days
    datasets = [f"d{n:02d}" for n in range(25)]
    sound = Verdict(WEB, "d00", LAKE, SOUND, Arrival.ON_TIME, Content.SOUND)
    runs = [missing(due, None, one) for one in datasets for due in dues] + [sound]
    incidents = [
        replace(make_incident("protection-stale", one, n), last_seen_at=dues[-1]) for n, one in enumerate(datasets)
    ]
    with ledger_of(runs) as ledger:
        message = write_message(ledger, make_config(), incidents, EventKind.OPENED, now=dues[-1])
    assert "57 due times missing in the last 7 days: " in message.title


@pytest.mark.parametrize("code", ["export-missing", "file-corrupt", "schema-changed", "mass-loss"])
def test_every_answer_can_be_pasted(code: str) -> None:
    config = make_config()
    ledger, incidents = shared_world(code)
    story = gather_stories(ledger, config, incidents, EventKind.OPENED, now=NOW)[0]
    numbers = [str(number) for number in story.numbers]
    for answer in list_answers(story, config.path):
        told = pasted(answer.line)
        assert [line.split("\t")[1] for line in told] == numbers
        for line in told:
            understood(["export-auditor", *line.split("\t")])


def pasted(line: str) -> list[str]:
    """What a shell would give the command, one line of tabs for each time."""
    shell = f"export-auditor() {{ local IFS=$'\\t'; printf '%s\\n' \"$*\"; }}; {line}"
    run = subprocess.run(["bash", "-c", shell], capture_output=True, check=True, text=True, env={"USER": "dana"})
    return run.stdout.splitlines()
