"""The first tables: audits, expected runs, folders, files, listings, checks, manifests, verdicts, findings."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Text, UniqueConstraint, text

revision = "0001"
down_revision = None

# Spelt out and not taken from the schema module: a migration stays what it was.
ID = BigInteger().with_variant(Integer(), "sqlite")
IDENTITY = LargeBinary()
MOMENT = BigInteger()
WORDS = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audits",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("started_at", MOMENT, nullable=False),
        Column("now", MOMENT, nullable=False),
        Column("finished_at", MOMENT),
        Column("tool_version", WORDS, nullable=False),
        Column("config_hash", WORDS, nullable=False),
        Column("options", WORDS, nullable=False),
        Column("status", WORDS),
        Column("watched", IDENTITY),
        Column("looks", IDENTITY),
        Column("verdict_set", IDENTITY),
        Column("finding_set", IDENTITY),
        Column("unverifiable_set", IDENTITY),
        Column("files_read", BigInteger),
        Column("files_reused", BigInteger),
        Column("bytes_read", BigInteger),
    )
    op.create_index("ix_audits_now", "audits", ["now"])
    op.create_table(
        "watched_flows",
        Column("flow", WORDS, primary_key=True),
        Column("first_audit_now", MOMENT, nullable=False),
    )
    op.create_table(
        "pages",
        Column("page", IDENTITY, primary_key=True),
        Column("body", LargeBinary, nullable=False),
    )
    op.create_table(
        "expected_runs",
        Column("run", IDENTITY, primary_key=True),
        Column("flow", WORDS, nullable=False),
        Column("dataset", WORDS, nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("due", MOMENT, nullable=False),
        Column("kind", WORDS, nullable=False),
        Column("early_from", MOMENT, nullable=False),
        Column("late_after", MOMENT, nullable=False),
        Column("missing_after", MOMENT, nullable=False),
        Column("settle", BigInteger, nullable=False),
        Column("first_expected_at", MOMENT, nullable=False),
        UniqueConstraint("flow", "dataset", "destination", "due", name="one_run_for_ever"),
    )
    op.create_table(
        "export_folders",
        Column("folder", IDENTITY, primary_key=True),
        Column("place", IDENTITY, nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("dataset", WORDS, nullable=False),
        Column("prefix", WORDS, nullable=False),
        Column("export_time", MOMENT, nullable=False),
        Column("listing", IDENTITY, nullable=False),
        Column("files", BigInteger, nullable=False),
        Column("bytes", BigInteger, nullable=False),
        Column("first_seen_at", MOMENT, nullable=False),
        Column("whole_at", MOMENT),
        Column("changed_seen_at", MOMENT),
        Column("last_seen_at", MOMENT, nullable=False),
    )
    op.create_index("folders_of_dataset", "export_folders", ["destination", "dataset", "export_time"])
    op.create_index("ix_export_folders_place", "export_folders", ["place"])
    op.create_table(
        "files",
        Column("file", IDENTITY, primary_key=True),
        Column("folder", IDENTITY, ForeignKey("export_folders.folder"), nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("key", WORDS, nullable=False),
        Column("role", WORDS, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("modified", MOMENT, nullable=False),
        Column("version", WORDS, nullable=False),
        Column("archived", Boolean, nullable=False),
        Column("first_seen_at", MOMENT, nullable=False),
        Column("changed_seen_at", MOMENT),
        Column("gone_at", MOMENT),
    )
    op.create_index("ix_files_folder", "files", ["folder"])
    op.create_table(
        "listings",
        Column("listing", IDENTITY, primary_key=True),
        Column("destination", WORDS, nullable=False),
        Column("prefix", WORDS, nullable=False),
        Column("shape", WORDS, nullable=False),
        Column("looked_at", MOMENT, nullable=False),
        Column("fully_at", MOMENT, nullable=False),
        Column("revision", BigInteger, nullable=False),
    )
    op.create_table(
        "listing_parts",
        Column("listing", IDENTITY, ForeignKey("listings.listing"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("first", WORDS, nullable=False),
        Column("last", WORDS, nullable=False),
        Column("newest", MOMENT, nullable=False),
        Column("objects", BigInteger, nullable=False),
        Column("body", LargeBinary, nullable=False),
    )
    op.create_table(
        "file_checks",
        Column("check_id", IDENTITY, primary_key=True),
        Column("destination", WORDS, nullable=False),
        Column("key", WORDS, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("modified", MOMENT, nullable=False),
        Column("version", WORDS, nullable=False),
        Column("archived", Boolean, nullable=False),
        Column("content", WORDS, nullable=False),
        Column("level", Integer, nullable=False),
        Column("format", WORDS),
        Column("compression", WORDS),
        Column("records", BigInteger),
        Column("bytes_read", BigInteger, nullable=False),
        Column("reason", WORDS, nullable=False),
        Column("digest", WORDS, nullable=False),
        Column("schema_page", IDENTITY),
        Column("faults", WORDS),
        Column("facts", WORDS),
        Column("checked_at", MOMENT, nullable=False),
        Column("verifier", WORDS, nullable=False),
    )
    op.create_index("checks_by_prefix", "file_checks", ["destination", text("substr(key, 1, 200)")])
    op.create_table(
        "manifests",
        Column("file", IDENTITY, primary_key=True),
        Column("destination", WORDS, nullable=False),
        Column("key", WORDS, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("modified", MOMENT, nullable=False),
        Column("version", WORDS, nullable=False),
        Column("archived", Boolean, nullable=False),
        Column("body", WORDS, nullable=False),
        Column("read_at", MOMENT, nullable=False),
        Column("verifier", WORDS, nullable=False),
    )
    op.create_index("manifests_by_prefix", "manifests", ["destination", text("substr(key, 1, 200)")])
    op.create_table(
        "verdicts",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("subject", IDENTITY, nullable=False),
        Column("flow", WORDS, nullable=False),
        Column("dataset", WORDS, nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("due", MOMENT),
        Column("arrival", WORDS, nullable=False),
        Column("content", WORDS, nullable=False),
        Column("level", Integer),
        Column("arrived_at", MOMENT),
        Column("folder", WORDS, nullable=False),
        Column("files", BigInteger, nullable=False),
        Column("records", BigInteger),
        Column("bytes", BigInteger, nullable=False),
        Column("unprotected", BigInteger, nullable=False),
        Column("findings", WORDS),
        Column("unverifiable", WORDS),
        Column("said", IDENTITY, nullable=False),
        Column("audit", ID, ForeignKey("audits.id"), nullable=False),
        Column("recorded_at", MOMENT, nullable=False),
        Column("why", WORDS, nullable=False),
        Column("superseded_at", MOMENT),
        Column("superseded_by", ID, ForeignKey("audits.id")),
        Column("superseded_why", WORDS),
    )
    op.create_index(
        "one_current_verdict",
        "verdicts",
        ["subject"],
        unique=True,
        sqlite_where=text("superseded_at IS NULL"),
        postgresql_where=text("superseded_at IS NULL"),
    )
    op.create_index("verdicts_of_subject", "verdicts", ["subject", "id"])
    op.create_index("verdicts_of_dataset", "verdicts", ["flow", "dataset", "destination", "due"])
    op.create_index("verdicts_of_place", "verdicts", ["dataset", "destination"])
    op.create_index(
        "current_unexpected",
        "verdicts",
        ["id"],
        sqlite_where=text("superseded_at IS NULL AND due IS NULL"),
        postgresql_where=text("superseded_at IS NULL AND due IS NULL"),
    )
    op.create_table(
        "findings",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("identity", IDENTITY, nullable=False),
        Column("said", IDENTITY, nullable=False),
        Column("code", WORDS, nullable=False),
        Column("severity", WORDS, nullable=False),
        Column("flow", WORDS, nullable=False),
        Column("dataset", WORDS, nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("due", MOMENT),
        Column("key", WORDS, nullable=False),
        Column("message", WORDS, nullable=False),
        Column("evidence", WORDS, nullable=False),
        Column("waived", WORDS),
        Column("first_audit", ID, ForeignKey("audits.id"), nullable=False),
        Column("first_seen_at", MOMENT, nullable=False),
        Column("last_audit", ID, ForeignKey("audits.id"), nullable=False),
        Column("last_seen_at", MOMENT, nullable=False),
        UniqueConstraint("said"),
    )
    op.create_index("ix_findings_identity", "findings", ["identity"])
    op.create_table(
        "unverifiable",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("said", IDENTITY, nullable=False),
        Column("subject", WORDS, nullable=False),
        Column("reason", WORDS, nullable=False),
        Column("flow", WORDS, nullable=False),
        Column("dataset", WORDS, nullable=False),
        Column("destination", WORDS, nullable=False),
        Column("due", MOMENT),
        Column("first_audit", ID, ForeignKey("audits.id"), nullable=False),
        Column("last_audit", ID, ForeignKey("audits.id"), nullable=False),
        UniqueConstraint("said"),
    )
