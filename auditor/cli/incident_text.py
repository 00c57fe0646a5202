"""What `export-auditor incidents` says to a person: one line and a sentence for each, or one with its whole history."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from auditor.incident_model import Closing, Incident, IncidentState, Member, Notice, NoticeState
from auditor.ledger.incident_members import Membership
from auditor.model import EvidenceValue
from auditor.report.options import ReportOptions
from auditor.report.sheet import Sheet
from auditor.report.standing import Standing
from auditor.report.words import render_count, render_minute
from auditor.service.incidents import IncidentHistory

WIDE = 120  # cells from which on the sentence has a column of its own
SHOWN = 8  # due times named in one line

CLOSINGS = {
    Closing.RECOVERED: "right again",
    Closing.NEXT_RIGHT: "a later due time is right",
    Closing.ACCEPTED: "accepted",
    Closing.NOT_EXPECTED: "no longer configured",
    Closing.WAIVED: "waived",
    Closing.BLIP: "was gone before it was sure",
    Closing.REPLACED: "another incident tells of it now",
}


def render_incidents(
    incidents: Sequence[Incident], suspected: int, names: Mapping[str, str], now: datetime, options: ReportOptions
) -> str:
    """One sentence, then each incident in the order given."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    sheet.say((_sentence(incidents, suspected), "bold"))
    sheet.say(f"As the ledger has it {render_minute(now.replace(second=0))}. All times are UTC.", indent=2)
    if incidents:
        sheet.gap()
        sheet.show(_table(sheet, incidents, names, now))
        sheet.gap()
        sheet.say("More of one: export-auditor incidents NUMBER", hang=2)
    return sheet.render()


def _sentence(incidents: Sequence[Incident], suspected: int) -> str:
    opened = sum(one.is_open for one in incidents)
    over = len(incidents) - opened
    parts = [render_count(opened, "open incident") if opened else "No open incident"]
    parts += [f"{over:,} over"] if over else []
    parts += [f"{suspected:,} suspected, to be looked at again before anybody is told"] if suspected else []
    return "; ".join(parts) + "."


def _table(sheet: Sheet, incidents: Sequence[Incident], names: Mapping[str, str], now: datetime) -> Table:
    wide = sheet.width >= WIDE
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("no.", justify="right", no_wrap=True)
    table.add_column("what", overflow="fold", ratio=2)
    table.add_column("since", no_wrap=True)
    if wide:
        table.add_column("lasts", no_wrap=True)
        table.add_column("", overflow="fold", ratio=3)
    for one in incidents:
        table.add_row(*_row(sheet, one, names, now, wide=wide))
    return table


def _row(sheet: Sheet, one: Incident, names: Mapping[str, str], now: datetime, *, wide: bool) -> list[str | Text]:
    symbol, style = sheet.symbol(one.severity if one.is_open else Standing.GOOD)
    what = sheet.text((one.key.code, "bold" if one.is_open else "dim"), " ", _about(one, names))
    cells: list[str | Text] = [sheet.text((symbol, style)), str(one.number)]
    lasted, told = render_span((one.closed_at or now) - one.since), _standing(one)
    if not wide:
        told = f"{told}; {lasted}"
        return [*cells, sheet.join([what, sheet.text((told, "dim"))]), _minute(one.since)]
    return [*cells, what, _minute(one.since), lasted, sheet.join([sheet.text(one.message), sheet.text((told, "dim"))])]


def _about(one: Incident, names: Mapping[str, str]) -> str:
    key = one.key
    dataset = names.get(key.dataset) or key.dataset
    subject = " / ".join(part for part in (key.flow, dataset) if part)
    if subject and key.destination:
        return f"{subject} → {key.destination}"
    return subject or key.destination or "Experience Platform"


def _standing(one: Incident) -> str:
    if one.closing is not None:
        gaps = f"; {render_count(len(one.gaps), 'hole')} left" if one.gaps else ""
        return f"over since {_minute(one.closed_at)}: {CLOSINGS[one.closing]}{gaps}"
    parts = [str(one.severity)]
    dues = [member for member in one.members if member.due]
    if dues:
        parts.append(render_count(len(dues), "due time"))
    if one.cause is not None:
        parts.append(f"explained by {one.cause}")
    if one.acknowledged:
        parts.append(f"looked after by {one.acknowledged.by}")
    if one.accepted:
        parts.append(f"accepted by {one.accepted.by}")
    return ", ".join(parts)


def render_incident(history: IncidentHistory, names: Mapping[str, str], now: datetime, options: ReportOptions) -> str:
    """All of one incident."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    one = history.incident
    symbol, style = sheet.symbol(one.severity if one.state is not IncidentState.CLOSED else Standing.GOOD)
    sheet.say((symbol + " ", style), (f"{one.number}: {one.key.code}", "bold"), f" {_about(one, names)}", hang=2)
    sheet.say(one.message, indent=2, hang=2)
    for label, told in _facts(one, now):
        sheet.say((f"{label}: ", "dim"), told, indent=2, hang=2)
    _show_members(sheet, one, history.members)
    _show_evidence(sheet, one.evidence)
    sheet.heading("What happened")
    for event in history.events:
        why = f": {event.reason}" if event.reason else ""
        sheet.say(f"{_minute(event.at)}  {event.kind}, {event.severity} ({event.state}{why})", indent=2, hang=4)
    if not history.events:
        sheet.say("nothing that anybody is told", indent=2)
    _show_notices(sheet, history.notices)
    if one.is_open:
        sheet.gap()
        sheet.say(f"What to do: export-auditor explain {one.key.code}", hang=2)
    return sheet.render()


def _facts(one: Incident, now: datetime) -> Iterable[tuple[str, str]]:
    yield "severity", str(one.severity)
    yield "since", f"{_minute(one.since)}, for {render_span((one.closed_at or now) - one.since)}"
    yield "first seen", _minute(one.opened_at)
    yield "last seen", _minute(one.last_seen_at)
    if one.closing is not None:
        yield "over", f"{_minute(one.closed_at)}, {CLOSINGS[one.closing]}"
    elif one.state is IncidentState.SUSPECTED:
        yield "state", "suspected: it is told when it was seen in several looks"
    if one.cause is not None:
        yield "explained by", f"incident {one.cause}: its notices wait for that one"
    for label, signed in (("looked after by", one.acknowledged), ("accepted by", one.accepted)):
        if signed:
            yield label, f"{signed.by}, {_minute(signed.at)}: {signed.why or 'no reason given'}"


def _show_members(sheet: Sheet, one: Incident, members: Sequence[Membership]) -> None:
    left = [each for each in members if each.left_at and each.member not in one.gaps]
    groups = (("Now", one.members), ("Holes that stay", one.gaps), ("No longer", [each.member for each in left]))
    if not any(some for _, some in groups):
        return
    sheet.heading("Due times")
    for label, some in groups:
        if some:
            more = f" and {len(some) - SHOWN:,} more" if len(some) > SHOWN else ""
            told = ", ".join(map(_member, list(some)[:SHOWN]))
            sheet.say((f"{label} ({len(some):,}): ", "dim"), told + more, indent=2, hang=2)


def _show_evidence(sheet: Sheet, evidence: Mapping[str, EvidenceValue]) -> None:
    if evidence:
        sheet.heading("Evidence")
    for name, value in evidence.items():
        told = ", ".join(map(str, value)) if isinstance(value, list) else "not known" if value is None else str(value)
        sheet.say((f"{name.replace('_', ' ')}: ", "dim"), told, indent=2, hang=2)


def _show_notices(sheet: Sheet, notices: Sequence[Notice]) -> None:
    sheet.heading("Who was told")
    for notice in notices:
        when = notice.sent_at or notice.next_at
        verb = {NoticeState.SENT: "sent", NoticeState.WAITING: "to be sent", NoticeState.DROPPED: "not sent"}
        why = f": {notice.reason}" if notice.reason else ""
        told = f"{_minute(when)}  {notice.kind or 'report'} to {notice.channel}, {verb[notice.state]}{why}"
        sheet.say(told, indent=2, hang=4)
    if not notices:
        sheet.say("nobody yet", indent=2)


def _member(member: Member) -> str:
    return _minute(member.due) if member.due else member.key


def _minute(moment: datetime | None) -> str:
    return render_minute(moment.replace(second=0)) if moment else ""


def render_span(span: timedelta) -> str:
    """`45 min`, `5 h 30 min`, `3 d 4 h`: as long as it has lasted, rounded down."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"
