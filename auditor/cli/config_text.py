"""A configuration as it was understood, for a person at a terminal."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from auditor.expect import default_max_age, run_kind
from auditor.incident_model import Match
from auditor.model import Encryption, Flow, Mode, RunKind, Schedule, Severity
from auditor.report.options import ReportOptions
from auditor.report.sheet import Sheet
from auditor.scan import TemplateError, parse_template
from auditor.settings import Config, Destination
from auditor.settings.alerts import Alerts, Route
from auditor.settings.exports import Export
from auditor.settings.values import render_duration


def render_config(config: Config, name: str, options: ReportOptions) -> str:
    """Destinations, flows, datasets and warnings. No secret, also not the ledger's password."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    sheet.say((name, "bold"), " can be used.")
    sheet.say(f"ledger {_without_password(config.ledger_url)}", indent=2, hang=2)
    for platform in config.experience_platform.values():
        follows = ", flows are kept in step with it" if platform.discover else ""
        writes = ", exports may be set up there" if platform.allow_write else ""
        told = f"Experience Platform {platform.name}: sandbox {platform.sandbox} of {platform.org_id}{follows}{writes}"
        sheet.say(told, indent=2, hang=2)
    sheet.say("")
    sheet.say(("Destinations", "bold"))
    for destination in config.destinations.values():
        _show_destination(sheet, destination)
    for flow in config.flows.values():
        sheet.say("")
        _show_flow(sheet, flow, config)
    for waiver in config.waivers:
        sheet.say("")
        sheet.say(("Waiver ", "bold"), f"({waiver.place}) until {_minute(waiver.waived.until)}: {waiver.waived.reason}")
    _show_alerts(sheet, config.alerts)
    if warnings := (*config.warnings, *_find_unreadable_folders(config)):
        _show_warnings(sheet, warnings)
    return sheet.render()


def _show_alerts(sheet: Sheet, alerts: Alerts) -> None:
    """Who will be told of what, or that nobody will."""
    sheet.say("")
    if alerts.nobody_told:
        symbol, style = sheet.symbol(Severity.WARNING)
        sheet.say((f"{symbol} ", style), f"{alerts.nobody_told[:1].upper()}{alerts.nobody_told[1:]}.", hang=2)
        return
    sheet.say(("Alerts", "bold"))
    for route in alerts.routes:
        sheet.say(f"{render_route(route)} to {', '.join(route.to)}", indent=2, hang=4)
    if not any(route.match == Match() for route in alerts.routes):
        sheet.say("what fits none of these is told to nobody", indent=2, hang=4)
    for channel in alerts.channels.values():
        fallback = f", {channel.fallback} while it is broken" if channel.fallback else ""
        sheet.say(f"channel {channel.name}: {channel.type}{fallback}", indent=2, hang=4)
    if alerts.heartbeat:
        sheet.say(f"heartbeat every {render_duration(alerts.heartbeat.every)}", indent=2, hang=4)


def render_route(route: Route) -> str:
    """`route web: team web, warning and graver, reminders after 1d`."""
    match = route.match
    given = {name: getattr(match, name) for name in ("code", "destination", "flow", "dataset", "team", "tag", "owner")}
    severity = f"{match.severity} only" if match.severity else f"{route.from_severity} and graver"
    said = [*(f"{name} {pattern}" for name, pattern in given.items() if pattern), severity]
    wait = [f"gathered for {render_duration(route.group_wait)}"] if route.group_wait else []
    more = [*wait, f"reminders after {render_duration(route.repeat)}", *(["and on"] if route.goes_on else [])]
    return f"route {route.name}: {', '.join((*said, *more))},"


def _find_unreadable_folders(config: Config) -> Iterator[str]:
    """Templates whose folders could be read in two ways: the audit cannot judge such a flow."""
    for flow in config.flows.values():
        try:
            parse_template(flow.folder_template)
        except TemplateError as error:
            yield f"flows.{flow.name}.folder_template: {error}; the flow cannot be judged"


def _without_password(url: str) -> str:
    if url.startswith("sqlite:"):
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _show_destination(sheet: Sheet, destination: Destination) -> None:
    facts = destination.facts
    folder = f"folder {facts.folder}" if facts.folder else "no folder path"
    kept = f", exports kept {render_duration(facts.retain)}" if facts.retain else ""
    sheet.say(f"{facts.name}: {destination.type} {destination.place}, {folder}{kept}", indent=2, hang=4)


def _show_flow(sheet: Sheet, flow: Flow, config: Config) -> None:
    sheet.say(("Flow ", "bold"), (flow.name, "bold"), f" to {flow.destination}")
    manifest = "with manifest" if flow.manifest else "without manifest"
    sheet.say(f"{flow.format}, {flow.compression}, {manifest}, {flow.mode}, checked to {flow.level}", indent=2, hang=2)
    sheet.say(f"folders {flow.folder_template}", indent=2, hang=2)
    for schedule in flow.schedules:
        sheet.say(render_schedule(schedule), indent=2, hang=2)
    for line in _render_windows(flow):
        sheet.say(line, indent=2, hang=2)
    if told := _render_care(flow):
        sheet.say(told, indent=2, hang=2)
    if export := config.exports.get(flow.name):
        sheet.say(_render_export(export), indent=2, hang=2)
    if told := _render_cross_check(flow):
        sheet.say(told, indent=2, hang=2)
    overrides = ", ".join(f"{code} is {level}" for code, level in flow.severities.items())
    if overrides:
        sheet.say(overrides, indent=2, hang=2)
    for dataset in flow.datasets:
        sheet.say(f"dataset {dataset.id} {dataset.name}".rstrip(), indent=2, hang=2)


def _render_export(export: Export) -> str:
    """That it may be set up, where, and with which login."""
    base = f"base connection {export.base_connection}"
    made = ", made of the destination's secrets where it is not there" if export.create_base_connection else ""
    return f"may be set up in {export.experience_platform} as {export.name}, {base}{made}"


def _render_cross_check(flow: Flow) -> str:
    """Which run records it is held against, and how exactly."""
    if not flow.flow_id:
        return ""
    tolerance = flow.count_mismatch
    level = f", {tolerance.severity}" if tolerance.severity else ""
    held = f"held against the runs of flow {flow.flow_id} in {flow.experience_platform}"
    return f"{held}, counts may differ by {tolerance.part * 100:g}%{level}"


def _render_care(flow: Flow) -> str:
    """Who looks after it, whether it is encrypted, and what is not looked at."""
    care = flow.care
    said = {"owner": care.owner, "team": care.team, "tags": ", ".join(care.tags), "runbook": care.runbook}
    said |= {"encryption": flow.encryption if flow.encryption is not Encryption.NONE else ""}
    said |= {"not looked at:": ", ".join(flow.ignore)}
    return "; ".join(f"{name} {value}" for name, value in said.items() if value)


def render_schedule(schedule: Schedule) -> str:
    """`every 3h from 2026-10-01 00:00Z to 2027-04-01 00:00Z`."""
    start = _minute(schedule.start)
    if schedule.once:
        return f"once at {start}"
    rhythm = f"every {render_duration(schedule.every)}" if schedule.every else f"cron {schedule.cron}, {schedule.zone}"
    end = f"to {_minute(schedule.end)}" if schedule.end else "without end"
    count = len(schedule.exclusions)
    except_ = f", except {count} span{'s' if count > 1 else ''}" if count else ""
    return f"{rhythm} from {start} {end}{except_}"


def _render_windows(flow: Flow) -> list[str]:
    """One line for each kind of run that the flow has."""
    kinds = dict.fromkeys(run_kind(schedule) for schedule in flow.schedules)
    named = {kind: "runs" if len(kinds) == 1 else f"{kind} runs" for kind in kinds}
    if flow.mode is Mode.INCREMENTAL:
        named[RunKind.FIRST] = "first run"
    lines = []
    for kind, name in named.items():
        windows = flow.windows[kind]
        spans = (windows.early, windows.grace, windows.deadline, windows.settle)
        early, grace, deadline, settle = map(render_duration, spans)
        lines.append(f"{name}: {early} early, late after {grace}, missing after {deadline}, settled after {settle}")
    return [*lines, f"newest sound export at most {_age(flow)} old"]


def _age(flow: Flow) -> str:
    age: timedelta | None = flow.max_age if flow.max_age is not None else default_max_age(flow)
    return render_duration(age) if age is not None else "any time"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z" if not moment.second else f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _show_warnings(sheet: Sheet, warnings: tuple[str, ...]) -> None:
    symbol, style = sheet.symbol(Severity.WARNING)
    sheet.say("")
    sheet.say(("Probably not meant", "bold"))
    for warning in warnings:
        sheet.say((f"{symbol} ", style), warning, indent=2, hang=2)
