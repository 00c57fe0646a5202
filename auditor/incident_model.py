"""The words for what people are told: incidents, what happens to them, notices. A leaf beside `model.py`.

Times are aware UTC datetimes, spans are timedeltas. An incident is (code, flow, dataset, destination) for as long as it
lasts; due times (or, for what has none, keys) are its members.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from auditor.model import AuditResult, Evidence, Finding, Severity


@dataclass(frozen=True, slots=True, order=True)
class IncidentKey:
    """What an incident is about, for ever: no severity, no time, no memory goes into it (TwiN/gatus#972)."""

    code: str
    flow: str = ""
    dataset: str = ""
    destination: str = ""

    @property
    def text(self) -> str:
        """32 hexadecimal digits that stand for it: the deduplication key that receivers get."""
        parts = (self.code, self.flow, self.dataset, self.destination)
        joined = b"".join(b"%d:%b" % (len(raw), raw) for raw in (p.encode("utf-8", "surrogatepass") for p in parts))
        return hashlib.blake2b(joined, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Member:
    """One due time that an incident holds; of what has no due time, one key (an unexpected folder)."""

    due: datetime | None = None
    key: str = ""


class IncidentState(StrEnum):
    SUSPECTED = "suspected"  # seen, and not often enough yet to be told (what could be a blip)
    OPEN = "open"
    CLOSED = "closed"


class Closing(StrEnum):
    """Why an incident is over."""

    RECOVERED = "recovered"  # what was wrong is right again
    NEXT_RIGHT = "next_right"  # a later due time is right; the members that are not stay gaps
    ACCEPTED = "accepted"  # somebody said that it may stay as it is
    NOT_EXPECTED = "not_expected"  # flow, dataset or destination is no longer configured
    WAIVED = "waived"
    BLIP = "blip"  # suspected, and gone before it was told
    REPLACED = "replaced"  # another incident tells of the same runs now: what was late is missing


@dataclass(frozen=True, slots=True)
class Signed:
    """Who said something, when, and why: an acknowledgement, an acceptance, the end of a silence."""

    by: str
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """A finding that people are told about, while it lasts. `number` 0: not kept yet."""

    key: IncidentKey
    severity: Severity  # the gravest of its members now
    opened_at: datetime  # when it was first seen
    since: datetime  # when what it tells of began: the instant at which the first run became late or missing, ...
    last_seen_at: datetime
    number: int = 0
    state: IncidentState = IncidentState.OPEN
    closed_at: datetime | None = None
    closing: Closing | None = None
    members: tuple[Member, ...] = ()  # of now, oldest first
    gaps: tuple[Member, ...] = ()  # left behind when it closed or moved on: holes until filled or waived
    message: str = ""  # of the newest finding
    evidence: Evidence = field(default_factory=dict)
    cause: int | None = None  # the incident that explains this one and holds back its notices
    acknowledged: Signed | None = None
    accepted: Signed | None = None
    sights: tuple[bool, ...] = ()  # the last looks, oldest first: was it there? (N of M)
    openings: tuple[datetime, ...] = ()  # of this key, the last ones: flapping

    @property
    def is_open(self) -> bool:
        return self.state is IncidentState.OPEN

    def kept_as(self, number: int) -> "Incident":
        """The same incident with the number the ledger gave it."""
        return replace(self, number=number)


class EventKind(StrEnum):
    """What happened to an incident that somebody may want to know."""

    OPENED = "opened"
    WORSENED = "worsened"  # graver than it was told
    JOINED = "joined"  # another due time; no notice of its own, it stands in the next one
    GAP = "gap"  # found when later due times were right already: told once, nothing goes on
    RECOVERED = "recovered"  # closed, for whatever reason
    REMINDER = "reminder"  # still open; made when telling, by the route


class EventState(StrEnum):
    WAITING = "waiting"
    TOLD = "told"  # went into notices
    DROPPED = "dropped"  # will not be told; `reason` says why


@dataclass(frozen=True, slots=True)
class Event:
    """Written with the change of the incident, in one transaction; told later."""

    incident: int  # its number
    kind: EventKind
    at: datetime
    severity: Severity
    id: int = 0  # 0: not kept yet
    state: EventState = EventState.WAITING
    reason: str = ""  # of a drop, or of what it waits for: "silence 4", "incident 17 explains it", ...
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one audit could see: only that may open and close incidents."""

    result: AuditResult
    destinations: frozenset[str] = frozenset()  # whose exports were looked at
    is_whole: bool = True  # every watched run was judged, not only those that matter now
    beyond: bool = True  # Experience Platform's flows, coverage and what ends were read too
    unopened: frozenset[str] = frozenset()  # destinations that it left alone: it says nothing of how they answer
    channels: bool = False  # how notices are delivered was looked at: the family `service`, and nothing else
    blind: frozenset[str] = frozenset()  # destinations of which what `result` rests on could not be seen
    findings: tuple[Finding, ...] | None = None  # None: those of `result`


class NoticeState(StrEnum):
    WAITING = "waiting"  # to be sent at `next_at`
    SENT = "sent"
    DROPPED = "dropped"  # given up, or no longer wanted: `reason`


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads, in the forms that receivers take. No secrets, no record contents."""

    title: str  # one line
    plain: str
    markdown: str
    html: str  # a whole document
    short: str  # one line of 160 characters at most, for pagers


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one channel, in the outbox. At least once, with the same `key` each time."""

    key: str  # idempotency key, 32 hexadecimal digits
    kind: EventKind | None  # None: a test, or a report
    route: str
    channel: str
    severity: Severity
    message: Message
    created_at: datetime
    next_at: datetime
    incidents: tuple[int, ...] = ()
    dedup: str = ""  # stable over opening, reminders and recovery: what PagerDuty and Alertmanager match by
    starts_at: datetime | None = None
    ends_at: datetime | None = None  # of a recovery
    labels: Mapping[str, str] = field(default_factory=dict)  # code, flow, destination, severity, team, ...
    id: int = 0
    state: NoticeState = NoticeState.WAITING
    tries: int = 0
    reason: str = ""  # why it was dropped, or what the last try said
    sent_at: datetime | None = None
    instead_of: str = ""  # the channel that was broken


@dataclass(frozen=True, slots=True)
class Match:
    """Which incidents a route or a silence means: all that is given must fit (`*`, `?`, `[…]`; the whole text)."""

    severity: Severity | None = None  # this one exactly
    code: str = ""
    destination: str = ""
    flow: str = ""
    dataset: str = ""
    team: str = ""
    tag: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of what matches until `until`; checks go on."""

    match: Match
    by: str
    why: str
    starts_at: datetime
    until: datetime
    id: int = 0
    ended: Signed | None = None  # ended before its time

    def holds(self, now: datetime) -> bool:
        return self.starts_at <= now < self.until and self.ended is None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in which something was watched without a hole: a destination, or `beyond`."""

    thing: str
    began: datetime
    ended: datetime
