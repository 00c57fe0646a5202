"""The service: incidents, what is told of them, who works on what, what was watched, accepted and reported."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Text, text

revision = "0003"
down_revision = "0002"

# Spelt out and not taken from the schema module: a migration stays what it was.
ID = BigInteger().with_variant(Integer(), "sqlite")
IDENTITY = LargeBinary()
MOMENT = BigInteger()
WORDS = Text().with_variant(Text(collation="C"), "postgresql")
REFERRING = (  # to audits, which are thinned: without an index each that goes is searched for in all of these
    ("verdicts", "audit"),
    ("verdicts", "superseded_by"),
    ("findings", "first_audit"),
    ("findings", "last_audit"),
    ("unverifiable", "first_audit"),
    ("unverifiable", "last_audit"),
)


def upgrade() -> None:
    op.create_table(
        "incidents",
        Column("number", ID, primary_key=True, autoincrement=False),
        Column("incident", IDENTITY, nullable=False),
        Column("code", WORDS, nullable=False),
        Column("flow", WORDS, nullable=False),
        Column("dataset", WORDS, nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("severity", WORDS, nullable=False),
        Column("state", WORDS, nullable=False),
        Column("opened_at", MOMENT, nullable=False),
        Column("since", MOMENT, nullable=False),
        Column("last_seen_at", MOMENT, nullable=False),
        Column("closed_at", MOMENT),
        Column("closing", WORDS),
        Column("message", WORDS, nullable=False),
        Column("evidence", WORDS, nullable=False),
        Column("cause", ID),
        Column("acknowledged", WORDS),
        Column("accepted", WORDS),
        Column("sights", WORDS, nullable=False),
        Column("openings", WORDS, nullable=False),
    )
    op.create_index("ix_incidents_incident", "incidents", ["incident"])
    op.create_index("ix_incidents_opened_at", "incidents", ["opened_at"])
    op.create_index(
        "one_live_incident",
        "incidents",
        ["incident"],
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    )
    op.create_table(
        "incident_members",
        Column("number", ID, ForeignKey("incidents.number"), primary_key=True),
        Column("member", IDENTITY, primary_key=True),
        Column("due", MOMENT),
        Column("key", WORDS, nullable=False),
        Column("joined_at", MOMENT, nullable=False),
        Column("left_at", MOMENT),
        Column("is_gap", Boolean(), nullable=False),
    )
    op.create_table(
        "incident_events",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("number", ID, ForeignKey("incidents.number"), nullable=False),
        Column("kind", WORDS, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("severity", WORDS, nullable=False),
        Column("state", WORDS, nullable=False),
        Column("reason", WORDS, nullable=False),
        Column("settled_at", MOMENT),
    )
    op.create_index(
        "events_waiting",
        "incident_events",
        ["id"],
        sqlite_where=text("settled_at IS NULL"),
        postgresql_where=text("settled_at IS NULL"),
    )
    op.create_index("ix_incident_events_number", "incident_events", ["number"])
    op.create_table(
        "notices",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("key", WORDS, nullable=False, unique=True),
        Column("dedup", WORDS, nullable=False),
        Column("kind", WORDS),
        Column("route", WORDS, nullable=False),
        Column("channel", WORDS, nullable=False),
        Column("severity", WORDS, nullable=False),
        Column("message", WORDS, nullable=False),
        Column("labels", WORDS, nullable=False),
        Column("incidents", WORDS, nullable=False),
        Column("starts_at", MOMENT),
        Column("ends_at", MOMENT),
        Column("created_at", MOMENT, nullable=False),
        Column("next_at", MOMENT, nullable=False),
        Column("tries", Integer(), nullable=False),
        Column("state", WORDS, nullable=False),
        Column("reason", WORDS, nullable=False),
        Column("began_at", MOMENT),
        Column("sent_at", MOMENT),
        Column("instead_of", WORDS, nullable=False),
    )
    op.create_index("ix_notices_created_at", "notices", ["created_at"])
    op.create_index("ix_notices_dedup", "notices", ["dedup"])
    op.create_index(
        "notices_waiting",
        "notices",
        ["next_at"],
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    )
    op.create_table(
        "silences",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("matches", WORDS, nullable=False),
        Column("by", WORDS, nullable=False),
        Column("why", WORDS, nullable=False),
        Column("starts_at", MOMENT, nullable=False),
        Column("until", MOMENT, nullable=False),
        Column("ended", WORDS),
    )
    op.create_table(
        "leases",
        Column("thing", WORDS, primary_key=True),
        Column("holder", WORDS, nullable=False),
        Column("since", MOMENT, nullable=False),
        Column("until", MOMENT, nullable=False),
    )
    op.create_table(
        "loops",
        Column("thing", WORDS, primary_key=True),
        Column("began_at", MOMENT, nullable=False),
        Column("done_at", MOMENT),
        Column("failed_at", MOMENT),
        Column("trouble", WORDS, nullable=False),
    )
    op.create_table(
        "watch_spans",
        Column("thing", WORDS, primary_key=True),
        Column("began", MOMENT, primary_key=True),
        Column("ended", MOMENT, nullable=False),
    )
    op.create_table(
        "configurations",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("hash", WORDS, nullable=False),
        Column("tool_version", WORDS, nullable=False),
        Column("summary", WORDS, nullable=False),
        Column("first_used_at", MOMENT, nullable=False),
        Column("last_used_at", MOMENT, nullable=False),
    )
    op.create_table(
        "acceptances",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("number", ID, ForeignKey("incidents.number"), nullable=False),
        Column("by", WORDS, nullable=False),
        Column("why", WORDS, nullable=False),
        Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "file_changes",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("file", IDENTITY, nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("dataset", WORDS, nullable=False),
        Column("prefix", WORDS, nullable=False),
        Column("export_time", MOMENT, nullable=False),
        Column("key", WORDS, nullable=False),
        Column("kind", WORDS, nullable=False),
        Column("before", WORDS, nullable=False),
        Column("after", WORDS),
        Column("seen_at", MOMENT, nullable=False),
        Column("confirmed_at", MOMENT),
        Column("undone_at", MOMENT),
        Column("why", WORDS, nullable=False),
        Column("accepted", ID, ForeignKey("acceptances.id")),
    )
    op.create_index("changes_of_dataset", "file_changes", ["destination", "dataset", "id"])
    op.create_index("ix_file_changes_file", "file_changes", ["file"])
    op.create_table(
        "place_sources",
        Column("destination", WORDS, primary_key=True),
        Column("source", IDENTITY, nullable=False),
        Column("since", MOMENT, nullable=False),
    )
    op.create_table(
        "period_reports",
        Column("report", IDENTITY, primary_key=True),
        Column("period", WORDS, nullable=False),
        Column("filters", WORDS, nullable=False),
        Column("revision", Integer(), nullable=False),
        Column("made_at", MOMENT, nullable=False),
        Column("digest", WORDS, nullable=False),
        Column("body", IDENTITY, nullable=False),
    )
    op.add_column("export_folders", Column("rolled_up_at", MOMENT))
    for table, column in REFERRING:
        op.create_index(f"ix_{table}_{column}", table, [column])
