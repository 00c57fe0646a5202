"""What `export-auditor db` says."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from auditor.ledger.info import LedgerInfo, TableInfo
from auditor.ledger.moving import MovedTable
from auditor.report.json_report import clean
from auditor.report.words import render_bytes, render_count, render_instant, render_minute

LABEL = 12  # characters


def render_info_table(info: LedgerInfo, kept: timedelta | None) -> str:
    """For a person. `kept`: how long rows of single files stay; None: no configuration was read."""
    newest = "" if info.version == info.newest_version else f", to be upgraded to {info.newest_version}"
    lines = [
        _line("ledger", f"{info.shown} ({info.kind})"),
        _line("version", f"{info.version}{newest}"),
        _line("on disk", _size(info)),
        _line("audits", _audits(info)),
        *_growth(info),
        _line("retention", _retention(info, kept)),
        "",
        *_rows(info.tables),
    ]
    return "\n".join(lines) + "\n"


def _line(label: str, said: str) -> str:
    return f"{label:<{LABEL}}{said}"


def _size(info: LedgerInfo) -> str:
    free = f", of that {render_bytes(info.free_bytes)} free for what comes" if info.free_bytes else ""
    return render_bytes(info.bytes) + free


def _audits(info: LedgerInfo) -> str:
    if info.first_audit_at is None or info.last_audit_at is None:
        return "none yet"
    span = f", from {_minute(info.first_audit_at)} to {_minute(info.last_audit_at)}"
    unfinished = f"; {info.unfinished:,} not finished" if info.unfinished else ""
    return f"{info.audits:,}{span}{unfinished}"


def _retention(info: LedgerInfo, kept: timedelta | None) -> str:
    told = "by the configuration, which was not read" if kept is None else f"rows of single files for {kept.days} days"
    return f"{told}; verdicts for ever; {render_count(info.rolled_up, 'folder')} rolled up"


def _minute(moment: datetime) -> str:
    return render_minute(moment.replace(second=0, microsecond=0))


def _growth(info: LedgerInfo) -> list[str]:
    if info.growth is None:
        return [_line("growth", "cannot be told yet: it needs a whole day after the first audit")]
    growth = info.growth
    return [
        _line("growth", f"about {render_bytes(growth.bytes_per_day)} a day since {_minute(growth.since)}"),
        _line("forecast", f"{render_bytes(growth.in_90_days)} in 90 days, {render_bytes(growth.in_365_days)} in 365"),
    ]


def _rows(tables: Sequence[TableInfo]) -> list[str]:
    width = max(len(one.name) for one in tables)
    head = f"{'table':<{width}}  {'rows':>12}  {'on disk':>10}"
    lines = [
        f"{one.name:<{width}}  {one.rows:>12,}  {'–' if one.bytes is None else render_bytes(one.bytes):>10}"
        for one in tables
    ]
    return [head, *lines]


def render_info_json(info: LedgerInfo, kept: timedelta | None, now: datetime) -> str:
    """One object, by the schema `db-info-1`. Sizes in bytes, times in UTC; null: cannot be told."""
    growth = info.growth and {
        "since": render_instant(info.growth.since),
        "bytes_per_day": info.growth.bytes_per_day,
        "bytes_in_90_days": info.growth.in_90_days,
        "bytes_in_365_days": info.growth.in_365_days,
    }
    told: dict[str, Any] = {
        "schema": "db-info-1",
        "read_at": render_instant(now),
        "ledger": clean(info.shown),
        "kind": info.kind,
        "version": info.version,
        "newest_version": info.newest_version,
        "bytes": info.bytes,
        "free_bytes": info.free_bytes,
        "audits": {
            "count": info.audits,
            "unfinished": info.unfinished,
            "first_at": info.first_audit_at and render_instant(info.first_audit_at),
            "last_at": info.last_audit_at and render_instant(info.last_audit_at),
        },
        "growth": growth,
        "retention": {
            "files_seconds": None if kept is None else int(kept.total_seconds()),
            "rolled_up_folders": info.rolled_up,
        },
        "tables": [{"name": one.name, "rows": one.rows, "bytes": one.bytes} for one in info.tables],
    }
    return json.dumps(told, indent=2) + "\n"


def render_moved(tables: Sequence[MovedTable]) -> str:
    """What was copied, and what to do now."""
    width = max(len(one.name) for one in tables)
    lines = [
        f"{'table':<{width}}  {'rows':>12}  hash",
        *(f"{t.name:<{width}}  {t.rows:>12,}  {t.hash}" for t in tables),
    ]
    rows = render_count(sum(one.rows for one in tables), "row")
    return "\n".join(
        [*lines, "", f"{rows} copied, the same in both. To use the copy, set ledger: in the configuration."]
    )
