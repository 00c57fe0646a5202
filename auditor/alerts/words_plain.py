"""A notice of few words, for when the usual ones cannot be found: being told badly is better than not at all."""

from collections.abc import Sequence
from html import escape

from adapters.base import inert
from auditor.incident_model import EventKind, Incident, Message

MOST = 20


def render_plainly(incidents: Sequence[Incident], kind: EventKind, *, trouble: str) -> Message:
    """What the incidents say of themselves. `trouble`: the kind of error that kept the usual words away."""
    lines = [_line(incident) for incident in incidents[:MOST]]
    if left := len(incidents) - MOST:
        lines += [f"and {left} more"] if left > 0 else []
    word = "over" if kind is EventKind.RECOVERED else str(kind)
    title = inert(f"{word}: {lines[0]}")[:250]
    lines.append(f"The full message could not be written ({trouble}); `export-auditor incidents` tells more.")
    plain = "\n".join(lines)
    page = f"<!doctype html><html><body><pre>{escape(plain)}</pre></body></html>"
    indented = "\n".join(f"    {line}" for line in lines)
    return Message(title, plain, indented, page, title[:160])


def _line(incident: Incident) -> str:
    key = incident.key
    place = " ".join(
        part for part in (key.flow, key.dataset, f"→ {key.destination}" if key.destination else "") if part
    )
    return inert(
        f"{incident.severity} {key.code} {place} since {incident.since:%Y-%m-%d %H:%M} UTC: {incident.message}"
    )
