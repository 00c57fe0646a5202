"""The tables of what Experience Platform says: run records, versions of flows, how far each was read."""

from sqlalchemy import BigInteger, Column, Index, Table

from auditor.ledger.schema import metadata
from auditor.ledger.types import Document, Id, Identity, Instant, Words

flow_runs = Table(
    "flow_runs",
    metadata,
    Column("run", Identity, primary_key=True),  # (platform, flow id, run id)
    Column("platform", Words, nullable=False),
    Column("flow_id", Words, nullable=False),
    Column("began", Instant, nullable=False),  # start, or creation where it has not started
    Column("ended", Instant),  # null: open
    Column("body", Document, nullable=False),
    Column("read_at", Instant, nullable=False),
    Index("runs_of_flow", "platform", "flow_id", "began"),
)

flow_readings = Table(
    "flow_readings",
    metadata,
    Column("flow", Identity, primary_key=True),  # (platform, flow id)
    Column("platform", Words, nullable=False),
    Column("flow_id", Words, nullable=False),
    Column("since", Instant, nullable=False),  # every run that began from here on was read …
    Column("read_at", Instant, nullable=False),  # … as it was at this moment
)

flow_versions = Table(
    "flow_versions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("flow", Identity, nullable=False),  # (platform, flow id)
    Column("platform", Words, nullable=False),
    Column("flow_id", Words, nullable=False),
    Column("said", Identity, nullable=False),  # equal: nothing differs
    Column("body", Document, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("gone_at", Instant),  # when the flow was found deleted
    Index("versions_of_flow", "flow", "id"),
    Index("versions_of_platform", "platform", "id"),
)

flow_baselines = Table(
    "flow_baselines",
    metadata,
    Column("flow", Identity, primary_key=True),
    Column("version", BigInteger, nullable=False),  # id in flow_versions: what the flow is measured by
    Column("since", Instant, nullable=False),
)
