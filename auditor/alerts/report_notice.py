"""The notice that a report was made, to the channel that is to be told of it."""

import hashlib
from datetime import datetime

from auditor.alerts.message import Part, render_message
from auditor.alerts.words import said
from auditor.alerts.words_section import Section
from auditor.incident_model import Notice
from auditor.model import Severity, Status

_COLOURS = {Status.GOOD: "#1a7f37", Status.FINDINGS: "#b42318", Status.INCOMPLETE: "#9a6700"}


def write_report_notice(
    channel: str,
    *,
    period: str,
    revision: int,
    status: Status,
    summary: str,
    folder: str,
    now: datetime,
) -> Notice:
    """One notice for one report. Its key is that of the report: whoever makes it, it is told once."""
    what = f"Backup completeness {period}" + (f", amendment {revision}" if revision else "")
    lines = tuple(said(line, 1000) for line in summary.splitlines() if line.strip())
    part = Part(what, "", _COLOURS[status], (Section("", lines), Section("Where it is", (said(folder, 500),))))
    key = hashlib.blake2b(f"report\0{channel}\0{period}\0{revision}\0{folder}".encode(), digest_size=16).hexdigest()
    first = lines[0] if lines else what
    return Notice(
        key=key,
        kind=None,
        route="",
        channel=channel,
        severity=Severity.INFO if status is Status.GOOD else Severity.WARNING,
        message=render_message(
            title=f"[report] {what}", lead="", parts=[part], footer=("export-auditor",), short=f"{what}: {first}"
        ),
        created_at=now,
        next_at=now,
        dedup=key,
        labels={"period": period},
    )
