"""The tables. Migrations build them; a test compares both on both databases.

Rows are found by 16-byte identities (`identity_of`), because a key may be longer than an index
entry of PostgreSQL may be. What repeats from audit to audit lies once in `pages`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from auditor.ledger.types import Document, Id, Identity, Instant, Span, Words

HEAD = "0003"  # the newest migration; a test compares it with the scripts
VERSION_TABLE = "ledger_version"
KEY_HEAD = 200  # characters of a key that its prefix index holds

metadata = MetaData()

audits = Table(
    "audits",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("started_at", Instant, nullable=False),  # by the clock of the machine
    Column("now", Instant, nullable=False, index=True),  # the moment all its verdicts speak of
    Column("finished_at", Instant),  # null: under way, or crashed
    Column("tool_version", Words, nullable=False),
    Column("config_hash", Words, nullable=False),
    Column("options", Document, nullable=False),
    Column("status", Words),
    Column("watched", Identity),  # page with the list of Watched
    Column("looks", Identity),  # page with the list of Look
    Column("verdict_set", Identity),  # pages with the ids of what it said
    Column("finding_set", Identity),
    Column("unverifiable_set", Identity),
    Column("files_read", BigInteger),
    Column("files_reused", BigInteger),
    Column("bytes_read", BigInteger),
    Column("coverage", Identity),  # page with the list of Coverage; null: none was read
    Column("endings", Identity),  # page with the list of Ending
)

watched_flows = Table(
    "watched_flows",
    metadata,
    Column("flow", Words, primary_key=True),
    Column("first_audit_now", Instant, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    Column("page", Identity, primary_key=True),  # identity of the body
    Column("body", LargeBinary, nullable=False),
)

expected_runs = Table(
    "expected_runs",
    metadata,
    Column("run", Identity, primary_key=True),
    Column("flow", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("destination", Words, nullable=False),
    Column("due", Instant, nullable=False),
    Column("kind", Words, nullable=False),
    Column("early_from", Instant, nullable=False),
    Column("late_after", Instant, nullable=False),
    Column("missing_after", Instant, nullable=False),
    Column("settle", Span, nullable=False),
    Column("first_expected_at", Instant, nullable=False),
    UniqueConstraint("flow", "dataset", "destination", "due", name="one_run_for_ever"),
)

export_folders = Table(
    "export_folders",
    metadata,
    Column("folder", Identity, primary_key=True),
    Column("place", Identity, nullable=False, index=True),  # (destination, prefix)
    Column("destination", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("prefix", Words, nullable=False),
    Column("export_time", Instant, nullable=False),
    Column("listing", Identity, nullable=False),  # equal: no file of it differs
    Column("files", BigInteger, nullable=False),  # data files and manifests
    Column("bytes", BigInteger, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("whole_at", Instant),
    Column("changed_seen_at", Instant),
    Column("last_seen_at", Instant, nullable=False),
    Column("rolled_up_at", Instant),  # its files were let go; what was found of them stays in the verdicts
    Index("folders_of_dataset", "destination", "dataset", "export_time"),
)

files = Table(
    "files",
    metadata,
    Column("file", Identity, primary_key=True),
    Column("folder", Identity, ForeignKey("export_folders.folder"), nullable=False, index=True),
    Column("destination", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("role", Words, nullable=False),  # data | manifest
    Column("size", BigInteger, nullable=False),
    Column("modified", Instant, nullable=False),
    Column("version", Words, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("changed_seen_at", Instant),
    Column("gone_at", Instant),  # null: as last seen as its folder
)

listings = Table(
    "listings",
    metadata,
    Column("listing", Identity, primary_key=True),  # (destination, prefix)
    Column("destination", Words, nullable=False),
    Column("prefix", Words, nullable=False),
    Column("shape", Words, nullable=False),  # of the configuration; another one: list in full
    Column("looked_at", Instant, nullable=False),
    Column("fully_at", Instant, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

listing_parts = Table(
    "listing_parts",
    metadata,
    Column("listing", Identity, ForeignKey("listings.listing"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first", Words, nullable=False),  # smallest key
    Column("last", Words, nullable=False),  # largest key
    Column("newest", Instant, nullable=False),
    Column("objects", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the objects, packed
)

file_checks = Table(
    "file_checks",
    metadata,
    Column("check_id", Identity, primary_key=True),  # (destination, key, fingerprint)
    Column("destination", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified", Instant, nullable=False),
    Column("version", Words, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("content", Words, nullable=False),
    Column("level", Integer, nullable=False),
    Column("format", Words),
    Column("compression", Words),
    Column("records", BigInteger),
    Column("bytes_read", BigInteger, nullable=False),
    Column("reason", Words, nullable=False),
    Column("digest", Words, nullable=False),
    Column("schema_page", Identity),  # one schema is that of thousands of files
    Column("faults", Document),
    Column("facts", Document),
    Column("checked_at", Instant, nullable=False),
    Column("verifier", Words, nullable=False),
    Index("checks_by_prefix", "destination", text(f"substr(key, 1, {KEY_HEAD})")),
)

manifests = Table(
    "manifests",
    metadata,
    Column("file", Identity, primary_key=True),  # (destination, key)
    Column("destination", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified", Instant, nullable=False),
    Column("version", Words, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("body", Document, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("verifier", Words, nullable=False),
    Index("manifests_by_prefix", "destination", text(f"substr(key, 1, {KEY_HEAD})")),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("subject", Identity, nullable=False),  # of the run, or of the unexpected folder
    Column("flow", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("destination", Words, nullable=False),
    Column("due", Instant),
    Column("arrival", Words, nullable=False),
    Column("content", Words, nullable=False),
    Column("level", Integer),
    Column("arrived_at", Instant),
    Column("folder", Words, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("records", BigInteger),
    Column("bytes", BigInteger, nullable=False),
    Column("unprotected", BigInteger, nullable=False),
    Column("findings", Document),
    Column("unverifiable", Document),
    Column("said", Identity, nullable=False),  # equal: nothing differs
    Column("audit", Id, ForeignKey("audits.id"), nullable=False, index=True),  # as all that refers to audits: they go
    Column("recorded_at", Instant, nullable=False),
    Column("why", Words, nullable=False),
    Column("superseded_at", Instant),  # null: this is the current verdict
    Column("superseded_by", Id, ForeignKey("audits.id"), index=True),
    Column("superseded_why", Words),
    Column("claim", Document),  # null: not cross-checked
    Index("verdicts_of_subject", "subject", "id"),
    Index(
        "one_current_verdict",
        "subject",
        unique=True,
        sqlite_where=text("superseded_at IS NULL"),
        postgresql_where=text("superseded_at IS NULL"),
    ),
    Index("verdicts_of_dataset", "flow", "dataset", "destination", "due"),
    Index("verdicts_of_place", "dataset", "destination"),
    Index(
        "current_unexpected",
        "id",
        sqlite_where=text("superseded_at IS NULL AND due IS NULL"),
        postgresql_where=text("superseded_at IS NULL AND due IS NULL"),
    ),
)

findings = Table(
    "findings",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("identity", Identity, nullable=False, index=True),  # (code, flow, dataset, destination, due, key)
    Column("said", Identity, nullable=False, unique=True),
    Column("code", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("destination", Words, nullable=False),
    Column("due", Instant),
    Column("key", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("evidence", Document, nullable=False),
    Column("waived", Document),
    Column("first_audit", Id, ForeignKey("audits.id"), nullable=False, index=True),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_audit", Id, ForeignKey("audits.id"), nullable=False, index=True),
    Column("last_seen_at", Instant, nullable=False),
)

unverifiable = Table(
    "unverifiable",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("said", Identity, nullable=False, unique=True),
    Column("subject", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("destination", Words, nullable=False),
    Column("due", Instant),
    Column("first_audit", Id, ForeignKey("audits.id"), nullable=False, index=True),
    Column("last_audit", Id, ForeignKey("audits.id"), nullable=False, index=True),
)
