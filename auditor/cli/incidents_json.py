"""What `export-auditor incidents --json` says: times in UTC, null where something is not so."""

import json
import math
from collections.abc import Sequence
from datetime import datetime

from auditor.incident_model import Incident, Member, Signed
from auditor.model import EvidenceValue
from auditor.report.json_report import JsonObject, clean
from auditor.report.words import render_instant
from auditor.service.incidents import IncidentHistory


def render_incidents_json(incidents: Sequence[Incident], suspected: Sequence[Incident], now: datetime) -> str:
    """One object: the incidents chosen, and those that are only suspected."""
    return _render(
        {
            "schema": "incidents-1",
            "now": render_instant(now),
            "incidents": [_describe(one) for one in incidents],
            "suspected": [_describe(one) for one in suspected],
        }
    )


def render_incident_json(history: IncidentHistory, now: datetime) -> str:
    """One object: an incident, every due time it ever held, its events and its notices (without their texts)."""
    return _render(
        {
            "schema": "incident-1",
            "now": render_instant(now),
            **_describe(history.incident),
            "history": [
                {**_member(one.member), "joined_at": render_instant(one.joined_at), "left_at": _instant(one.left_at)}
                for one in history.members
            ],
            "events": [
                {
                    "kind": one.kind.value,
                    "at": render_instant(one.at),
                    "severity": one.severity.value,
                    "state": one.state.value,
                    "reason": clean(one.reason),
                    "settled_at": _instant(one.settled_at),
                }
                for one in history.events
            ],
            "notices": [
                {
                    "kind": one.kind.value if one.kind else None,
                    "channel": clean(one.channel),
                    "route": clean(one.route),
                    "state": one.state.value,
                    "reason": clean(one.reason),
                    "tries": one.tries,
                    "created_at": render_instant(one.created_at),
                    "sent_at": _instant(one.sent_at),
                }
                for one in history.notices
            ],
        }
    )


def _describe(one: Incident) -> JsonObject:
    return {
        "number": one.number,
        "key": one.key.text,
        "code": one.key.code,
        "flow": clean(one.key.flow),
        "dataset": clean(one.key.dataset),
        "destination": clean(one.key.destination),
        "severity": one.severity.value,
        "state": one.state.value,
        "since": render_instant(one.since),
        "opened_at": render_instant(one.opened_at),
        "last_seen_at": render_instant(one.last_seen_at),
        "closed_at": _instant(one.closed_at),
        "closing": one.closing.value if one.closing else None,
        "message": clean(one.message),
        "evidence": {clean(name): _value(value) for name, value in one.evidence.items()},
        "cause": one.cause,
        "acknowledged": _signed(one.acknowledged),
        "accepted": _signed(one.accepted),
        "members": [_member(member) for member in one.members],
        "gaps": [_member(member) for member in one.gaps],
    }


def _value(value: EvidenceValue) -> object:
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    return clean(value) if isinstance(value, str) else value


def _member(member: Member) -> JsonObject:
    return {"due": _instant(member.due), "key": clean(member.key)}


def _signed(signed: Signed | None) -> JsonObject | None:
    return {"by": clean(signed.by), "at": render_instant(signed.at), "why": clean(signed.why)} if signed else None


def _instant(moment: datetime | None) -> str | None:
    return render_instant(moment) if moment else None


def _render(whole: JsonObject) -> str:
    return json.dumps(whole, indent=2) + "\n"
