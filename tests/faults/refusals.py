"""Faults that no tree of files can show: a place that refuses, cold storage, waivers. And their near misses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.base import AccessDenied, Archived, ClockSkew, CredentialExpired, DestinationError, NotFound, Unreachable
from auditor.worlds import World
from tests.faults.scenes import JSON
from tests.service.auditing import in_memory
from tests.worlds.small import CLICKS, EVENTS, small_world

UNKNOWN = "61c0ffee5e1f1e55c0a1f00d"
WAIVER = "waivers: [{{match: {{code: {code}}}, reason: planned, by: jo, until: {until}}}]\n"


@dataclass(frozen=True)
class Refusal:
    """A place that does as `breaks` says (`tests.scan.memory`), and all that must be found there."""

    name: str
    codes: tuple[str, ...]
    breaks: Mapping[str, Any] = field(default_factory=dict)
    status: str = "incomplete"
    config: str = ""
    is_past: bool = True


def error(kind: type[DestinationError], key: str = "") -> DestinationError:
    return kind("refused", destination="lake-backup", operation="read" if key else "list", key=key)


def place() -> World:
    return small_world(JSON)


FILES = sorted(key for key in in_memory(place()).objects if "part-" in key)
FIRST, LAST = FILES[0], FILES[-1]
MARK = f"backups/{EVENTS.id}/exportTime=202610030000/_SUCCESS"


def listing(kind: type[DestinationError], n: int = 0) -> dict[str, Any]:
    return {"fail_listing_at": (n, error(kind))}


def reading(kind: type[DestinationError], *keys: str) -> dict[str, Any]:
    return {"fail_reading": {key: error(kind, key) for key in keys}}


def below(kind: type[DestinationError], prefix: str) -> dict[str, Any]:
    return {"fail_listing_under": {prefix: error(kind)}}


KINDS = (
    Refusal("a bucket that is not there", ("destination-unreachable",), listing(NotFound)),
    Refusal("a place that does not answer", ("destination-unreachable",), listing(Unreachable)),
    Refusal("a listing that breaks on its second entry", ("destination-unreachable",), listing(Unreachable, 1)),
    Refusal(
        "one dataset that cannot be listed", ("destination-unreachable",), below(Unreachable, f"backups/{CLICKS.id}/")
    ),
    Refusal("files that do not come", ("destination-unreachable",), reading(Unreachable, FIRST, LAST)),
    Refusal("a listing that is refused", ("access-denied",), listing(AccessDenied)),
    Refusal("a file that may not be read", ("access-denied",), reading(AccessDenied, FIRST)),
    Refusal("credentials that are over", ("credential-expired",), listing(CredentialExpired)),
    Refusal("credentials that end half-way", ("credential-expired",), reading(CredentialExpired, LAST)),
    Refusal("a clock that is wrong", ("clock-skew",), listing(ClockSkew)),
    Refusal("a clock that is wrong at a file", ("clock-skew",), reading(ClockSkew, FIRST)),
    Refusal("a file in cold storage", ("file-archived",), {"archived": frozenset({FIRST})}),
    Refusal("a file that turns out to be in cold storage", ("file-archived",), reading(Archived, LAST)),
    Refusal(
        "two files refused in two ways",
        ("access-denied", "clock-skew"),
        {"fail_reading": {FIRST: error(AccessDenied, FIRST), LAST: error(ClockSkew, LAST)}},
    ),
    Refusal(
        "a waiver that holds nothing",
        ("waiver-unused",),
        status="good",
        config=WAIVER.format(code="export-late", until="2026-12-31"),
        is_past=False,
    ),
    Refusal(
        "a waiver that is over",
        ("file-no-records", "waiver-expired"),
        status="good",
        config=WAIVER.format(code="file-no-records", until="2026-10-02"),
        is_past=False,
    ),
)
CODES = frozenset(code for kind in KINDS for code in kind.codes)

NEAR_MISSES = (
    Refusal("a folder of nobody that may not be looked into", (), below(AccessDenied, "backups/private/"), "good"),
    Refusal("a folder of nobody that does not answer", (), below(Unreachable, "backups/private/"), "good"),
    Refusal(
        "a folder of nobody for which the credentials do not do",
        (),
        below(CredentialExpired, "backups/private/"),
        "good",
    ),
    Refusal("a mark in cold storage", (), {"archived": frozenset({MARK})}, "good"),
    Refusal("a mark for which the clock is wrong", (), reading(ClockSkew, MARK), "good"),
    Refusal(
        "a waiver that holds",
        ("file-no-records",),
        status="good",
        config=WAIVER.format(code="file-no-records", until="2026-10-08"),
        is_past=False,
    ),
)
NEARLY = frozenset({"destination-unreachable", "access-denied", "credential-expired", "clock-skew", "file-archived"})
NEARLY |= {"waiver-expired", "waiver-unused"}
