"""Ledgers as earlier versions left them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from auditor.ledger.database import parse_place
from auditor.ledger.migrate import ONE_AT_A_TIME, SCRIPTS

FIRST = "0001"


def make_older(url: str, version: str = FIRST) -> None:
    """A ledger of `version` with one finished audit that found nothing."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = create_engine(parse_place(url).url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        with ONE_AT_A_TIME:
            command.upgrade(config, version)
        connection.execute(
            text(
                "INSERT INTO audits (id, started_at, now, tool_version, config_hash, options) "
                "VALUES (1, 1, 1, '0.1.0', 'abc', '{}')"
            )
        )
    engine.dispose()


def copies_beside(file: Path) -> list[Path]:
    """The copies made ahead of a migration, half-made ones included."""
    return sorted(file.parent.glob(f"{file.name}.before-*"))
