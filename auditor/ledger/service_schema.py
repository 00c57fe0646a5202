"""The tables of the service: incidents, what is told of them, who works on what, what was watched and accepted."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, text

from auditor.ledger.schema import metadata
from auditor.ledger.types import Document, Id, Identity, Instant, Words

incidents = Table(
    "incidents",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=False),
    Column("incident", Identity, nullable=False, index=True),  # (code, flow, dataset, destination)
    Column("code", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("destination", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("opened_at", Instant, nullable=False, index=True),
    Column("since", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closing", Words),
    Column("message", Words, nullable=False),
    Column("evidence", Document, nullable=False),
    Column("cause", Id),  # number of another incident
    Column("acknowledged", Document),
    Column("accepted", Document),
    Column("sights", Document, nullable=False),
    Column("openings", Document, nullable=False),
    Index(
        "one_live_incident",
        "incident",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

incident_members = Table(
    "incident_members",
    metadata,
    Column("number", Id, ForeignKey("incidents.number"), primary_key=True),
    Column("member", Identity, primary_key=True),  # (due, key)
    Column("due", Instant),
    Column("key", Words, nullable=False),
    Column("joined_at", Instant, nullable=False),
    Column("left_at", Instant),  # null: in it now
    Column("is_gap", Boolean, nullable=False),  # it left, and is a hole still
)

incident_events = Table(
    "incident_events",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("number", Id, ForeignKey("incidents.number"), nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("severity", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("settled_at", Instant),
    Index(
        "events_waiting",
        "id",
        sqlite_where=text("settled_at IS NULL"),
        postgresql_where=text("settled_at IS NULL"),
    ),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Words, nullable=False, unique=True),
    Column("dedup", Words, nullable=False, index=True),
    Column("kind", Words),
    Column("route", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("message", Document, nullable=False),
    Column("labels", Document, nullable=False),
    Column("incidents", Document, nullable=False),  # their numbers
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("created_at", Instant, nullable=False, index=True),
    Column("next_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("began_at", Instant),  # of the newest try: written before it is sent
    Column("sent_at", Instant),  # written after
    Column("instead_of", Words, nullable=False),
    Index(
        "notices_waiting",
        "next_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("matches", Document, nullable=False),
    Column("by", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("ended", Document),
)

leases = Table(
    "leases",
    metadata,
    Column("thing", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
)

loops = Table(
    "loops",  # when each piece of work was last begun and done: what is due is decided by this
    metadata,
    Column("thing", Words, primary_key=True),
    Column("began_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("failed_at", Instant),
    Column("trouble", Words, nullable=False),
)

watch_spans = Table(
    "watch_spans",
    metadata,
    Column("thing", Words, primary_key=True),
    Column("began", Instant, primary_key=True),
    Column("ended", Instant, nullable=False),
)

configurations = Table(
    "configurations",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("hash", Words, nullable=False),
    Column("tool_version", Words, nullable=False),
    Column("summary", Document, nullable=False),  # names of flows and destinations, counts: no secrets
    Column("first_used_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
)

acceptances = Table(
    "acceptances",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("number", Id, ForeignKey("incidents.number"), nullable=False),
    Column("by", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("at", Instant, nullable=False),
)

file_changes = Table(
    "file_changes",  # what became of exports after they had come to rest
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("file", Identity, nullable=False, index=True),  # (destination, key)
    Column("destination", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("prefix", Words, nullable=False),  # of its export folder
    Column("export_time", Instant, nullable=False),
    Column("key", Words, nullable=False),
    Column("kind", Words, nullable=False),  # changed | deleted
    Column("before", Document, nullable=False),  # size, modified, version
    Column("after", Document),  # null: deleted
    Column("seen_at", Instant, nullable=False),
    Column("confirmed_at", Instant),  # seen in a second listing
    Column("undone_at", Instant),  # it is as it was before, or `why` says what explains it
    Column("why", Words, nullable=False),
    Column("accepted", Id, ForeignKey("acceptances.id")),
    Index("changes_of_dataset", "destination", "dataset", "id"),
)

place_sources = Table(
    "place_sources",  # what a destination's name stands for: moved elsewhere, nothing known of before is compared
    metadata,
    Column("destination", Words, primary_key=True),
    Column("source", Identity, nullable=False),
    Column("since", Instant, nullable=False),
)

period_reports = Table(
    "period_reports",
    metadata,
    Column("report", Identity, primary_key=True),  # (period, filters, revision)
    Column("period", Words, nullable=False),
    Column("filters", Document, nullable=False),
    Column("revision", Integer, nullable=False),  # 0: as closed; 1, 2, …: amendments
    Column("made_at", Instant, nullable=False),
    Column("digest", Words, nullable=False),  # SHA-256 of what it says, hexadecimal
    Column("body", Identity, nullable=False),  # page
)

__all__ = [
    "acceptances",
    "configurations",
    "file_changes",
    "incident_events",
    "incident_members",
    "incidents",
    "leases",
    "loops",
    "notices",
    "period_reports",
    "place_sources",
    "silences",
    "watch_spans",
]
