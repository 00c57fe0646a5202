"""What `export-auditor silence list` says."""

import json
from collections.abc import Sequence
from datetime import datetime

from auditor.incident_model import Match, Silence
from auditor.report.json_report import JsonObject, clean
from auditor.report.options import ReportOptions
from auditor.report.sheet import Sheet
from auditor.report.words import render_count, render_instant, render_minute

NAMES = ("code", "flow", "dataset", "destination", "severity", "team", "tag", "owner")


def render_silences(silences: Sequence[Silence], now: datetime, options: ReportOptions) -> str:
    """One sentence, then each silence: what it fits, until when, by whom, why."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    holding = sum(one.holds(now) for one in silences)
    sheet.say(
        (f"{render_count(holding, 'silence holds', 'silences hold') if holding else 'No silence holds'}.", "bold")
    )
    for one in silences:
        sheet.gap()
        sheet.say((f"{one.id}: ", "bold"), _told(one.match), hang=2)
        sheet.say(f"{_standing(one, now)}; by {one.by}: {one.why}", indent=2, hang=2)
    return sheet.render()


def _standing(one: Silence, now: datetime) -> str:
    if one.ended is not None:
        why = f" ({one.ended.why})" if one.ended.why else ""
        return f"ended {_minute(one.ended.at)} by {one.ended.by}{why}"
    if now >= one.until:
        return f"held until {_minute(one.until)}"
    return f"holds until {_minute(one.until)}" if one.holds(now) else f"holds from {_minute(one.starts_at)}"


def _told(match: Match) -> str:
    """`code export-missing, flow web-*`."""
    return ", ".join(f"{name} {value}" for name in NAMES if (value := getattr(match, name)))


def _minute(moment: datetime) -> str:
    return render_minute(moment.replace(second=0))


def render_silences_json(silences: Sequence[Silence], now: datetime) -> str:
    """One object, by the schema `silences-1`."""
    told = {
        "schema": "silences-1",
        "now": render_instant(now),
        "silences": [_describe(one, now) for one in silences],
    }
    return json.dumps(told, indent=2) + "\n"


def _describe(one: Silence, now: datetime) -> JsonObject:
    ended = one.ended and {"by": clean(one.ended.by), "at": render_instant(one.ended.at), "why": clean(one.ended.why)}
    return {
        "number": one.id,
        "match": {name: clean(str(value)) for name in NAMES if (value := getattr(one.match, name))},
        "by": clean(one.by),
        "why": clean(one.why),
        "starts_at": render_instant(one.starts_at),
        "until": render_instant(one.until),
        "holds": one.holds(now),
        "ended": ended,
    }
