"""Writes the golden files anew: `python -m tests.alerts.golden_write`, then read the difference."""

from datetime import timedelta
from pathlib import Path

from auditor.alerts.message import write_message
from auditor.incident_model import EventKind, Message
from tests.alerts.message_world import NOW, codes_told, make_config, shared_world

FOLDER = Path(__file__).with_name("golden")
FORMS = {"plain": "txt", "markdown": "md", "html": "html"}
REPRESENTATIVE = {
    EventKind.RECOVERED: (
        "export-missing",
        "protection-stale",
        "file-corrupt",
        "destination-unreachable",
        "schema-changed",
    ),
    EventKind.REMINDER: ("export-missing", "protection-stale", "credential-expired"),
    EventKind.GAP: ("export-missing", "export-unexpected", "file-truncated"),
    EventKind.WORSENED: ("dataset-unprotected",),
}


def cases() -> list[tuple[EventKind, str]]:
    opened = [(EventKind.OPENED, code) for code in codes_told()]
    return opened + [(kind, code) for kind, codes in REPRESENTATIVE.items() for code in codes]


def name_of(kind: EventKind, code: str, form: str) -> Path:
    return FOLDER / kind.value / f"{code}.{FORMS[form]}"


def render(kind: EventKind, code: str) -> Message:
    reminder = NOW + timedelta(hours=24) if kind not in (EventKind.RECOVERED, EventKind.GAP) else None
    told_at = NOW - timedelta(hours=1) if kind is EventKind.REMINDER else None
    ledger, incidents = shared_world(code, kind)
    return write_message(ledger, make_config(), incidents, kind, now=NOW, next_reminder=reminder, told_at=told_at)


def text_of(message: Message, form: str) -> str:
    """The plain file begins with what has no file of its own: the title and the line for pagers."""
    text: str = getattr(message, form)
    return f"Title: {message.title}\nShort: {message.short}\n\n{text}" if form == "plain" else text


if __name__ == "__main__":
    wanted = set[Path]()
    for kind, code in cases():
        message = render(kind, code)
        for form in FORMS:
            path = name_of(kind, code, form)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(message, form), "utf-8")
            wanted.add(path)
    for path in FOLDER.rglob("*.*"):
        if path not in wanted:
            path.unlink()
