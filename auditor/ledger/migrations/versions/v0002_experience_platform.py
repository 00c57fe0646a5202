"""What Experience Platform says: run records, versions of flows; claims beside verdicts; coverage and what ends."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text

revision = "0002"
down_revision = "0001"

# Spelt out and not taken from the schema module: a migration stays what it was.
ID = BigInteger().with_variant(Integer(), "sqlite")
IDENTITY = LargeBinary()
MOMENT = BigInteger()
WORDS = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "flow_runs",
        Column("run", IDENTITY, primary_key=True),
        Column("platform", WORDS, nullable=False),
        Column("flow_id", WORDS, nullable=False),
        Column("began", MOMENT, nullable=False),
        Column("ended", MOMENT),
        Column("body", WORDS, nullable=False),
        Column("read_at", MOMENT, nullable=False),
    )
    op.create_index("runs_of_flow", "flow_runs", ["platform", "flow_id", "began"])
    op.create_table(
        "flow_readings",
        Column("flow", IDENTITY, primary_key=True),
        Column("platform", WORDS, nullable=False),
        Column("flow_id", WORDS, nullable=False),
        Column("since", MOMENT, nullable=False),
        Column("read_at", MOMENT, nullable=False),
    )
    op.create_table(
        "flow_versions",
        Column("id", ID, primary_key=True, autoincrement=False),
        Column("flow", IDENTITY, nullable=False),
        Column("platform", WORDS, nullable=False),
        Column("flow_id", WORDS, nullable=False),
        Column("said", IDENTITY, nullable=False),
        Column("body", WORDS, nullable=False),
        Column("first_seen_at", MOMENT, nullable=False),
        Column("last_seen_at", MOMENT, nullable=False),
        Column("gone_at", MOMENT),
    )
    op.create_index("versions_of_flow", "flow_versions", ["flow", "id"])
    op.create_index("versions_of_platform", "flow_versions", ["platform", "id"])
    op.create_table(
        "flow_baselines",
        Column("flow", IDENTITY, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("since", MOMENT, nullable=False),
    )
    op.add_column("verdicts", Column("claim", WORDS))
    op.add_column("audits", Column("coverage", IDENTITY))
    op.add_column("audits", Column("endings", IDENTITY))
