"""Bring a database to the newest schema: under a lock, in one transaction, by whoever comes first.

Others wait for the lock and find the work done (langflow-ai/langflow#13204, sqlalchemy/alembic#633).
"""

import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from auditor.ledger.errors import LedgerError
from auditor.ledger.schema import HEAD, VERSION_TABLE, metadata

__all__ = ["is_newer", "migrate", "read_version"]

SCRIPTS = Path(__file__).parent / "migrations"
ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it is doing in globals of the process


def read_version(connection: Connection) -> str | None:
    """The schema's version; None if there is no ledger yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 our constant


def is_newer(version: str) -> bool:
    """Whether this export-auditor has never heard of the schema `version`."""
    if version == HEAD:
        return False
    from alembic.script import ScriptDirectory  # slow to import, and seldom needed

    return version not in {script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()}


def migrate(connection: Connection, before: Callable[[], None] | None = None) -> None:
    """Migrate to HEAD inside the transaction of `connection`, which holds the writers' lock.

    `before` is called ahead of the first change to a ledger of an earlier version, and to no other.
    Raises LedgerError for a database of a newer version, or one that belongs to something else.
    """
    version = read_version(connection)
    if version == HEAD:
        return
    if version is None:
        _refuse_strangers(connection)
    elif is_newer(version):
        raise LedgerError(
            f"ledger: its schema {version!r} is newer than this export-auditor knows ({HEAD}); "
            "install the newer export-auditor, or name another ledger"
        )
    elif before:
        before()
    # Slow to import, and seldom needed.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with ONE_AT_A_TIME:
        command.upgrade(config, "head")


def _refuse_strangers(connection: Connection) -> None:
    present = set(inspect(connection).get_table_names())
    foreign = present if connection.dialect.name == "sqlite" else present & set(metadata.tables)
    if foreign:
        raise LedgerError(
            f"ledger: this database holds tables of something else ({min(foreign)!r}); name an empty database"
        )
