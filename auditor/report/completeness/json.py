"""The report as JSON (schema `completeness-1`), and the form in which the ledger keeps it."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import TypeAdapter

from auditor.report.completeness.judge import render_headline
from auditor.report.completeness.types import Completeness
from auditor.report.words import render_instant

SCHEMA = "completeness-1"


def render_completeness_json(report: Completeness) -> str:
    """One object, pure ASCII, a key a line. The same report gives the same bytes."""
    told = {"schema": SCHEMA, "headline": render_headline(report), **_plain(report)}
    told["exit_code"] = report.status.exit_code
    for inner in ("unjudged",):
        del told[inner]
    told["unjudged"] = len(report.unjudged)
    return json.dumps(told, indent=1, ensure_ascii=True) + "\n"


def dump_completeness(report: Completeness) -> bytes:
    """All of it, to be kept. The sample is no part of it: each asks for another."""
    told = _plain(report)
    del told["sample"]
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def load_completeness(body: bytes) -> Completeness:
    """What `dump_completeness` kept. Raises ValueError for anything else."""
    return TypeAdapter(Completeness).validate_json(body)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, datetime):
        return render_instant(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
