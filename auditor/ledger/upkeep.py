"""What an operator does with a ledger as a whole: bring it to this version, back it up."""

import os
import shlex
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from adapters.base import inert
from auditor.ledger.errors import LedgerError
from auditor.ledger.existing import ExistingLedger
from auditor.ledger.file_copy import copy_file, write_once
from auditor.ledger.ledger import Ledger
from auditor.ledger.schema import HEAD

__all__ = ["NeedsDumpError", "Upgraded", "backup_ledger", "upgrade_ledger"]


class NeedsDumpError(LedgerError):
    """PostgreSQL makes its copies itself; `command` does."""

    def __init__(self, message: str, command: str) -> None:
        super().__init__(message)
        self.command = command


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A ledger of this version."""

    shown: str
    before: str  # its version when it was found
    now: str
    copy: Path | None = None  # as it was before


def upgrade_ledger(url: str, *, dumped: bool) -> Upgraded:
    """Bring the existing ledger at `url` to the newest schema; a SQLite file is copied before.

    Raises NeedsDumpError for one in PostgreSQL unless `dumped`, which says that a dump was made or is not wanted;
    LedgerError as `Ledger.open`.
    """
    with closing(ExistingLedger.open(url)) as ledger:
        before, place = ledger.version, ledger.place
        if before == HEAD:
            return Upgraded(place.shown, before, before)
        if place.path is None and not dumped:
            raise NeedsDumpError(
                f"ledger {place.shown}: of version {before}, not upgraded to {HEAD}; make a copy, then say --yes",
                shlex.join(_dump_command(ledger, f"export-auditor.before-{HEAD}.dump")),
            )
    with Ledger.open(url) as opened:
        return Upgraded(place.shown, before, HEAD, opened.migrated_copy)


def backup_ledger(url: str, target: Path) -> str:
    """Copy the ledger at `url` to the new file `target` while others may write to it; gives its version.

    One in PostgreSQL is dumped by `pg_dump`. Raises NeedsDumpError where that is not installed; LedgerError where there
    is such a file, or the copy is not whole: then there is none.
    """
    with closing(ExistingLedger.open(url)) as ledger:
        if ledger.place.path is not None:
            copy_file(ledger.place.path, target)
            return ledger.version
        if shutil.which("pg_dump") is None:
            raise NeedsDumpError(
                f"ledger {ledger.place.shown}: nothing was copied; it takes pg_dump, which is not installed here",
                shlex.join(_dump_command(ledger, str(target))),
            )
        write_once(target, lambda part: _dump(ledger, part))
        return ledger.version


def _dump(ledger: ExistingLedger, part: Path) -> None:
    place, url = ledger.place, ledger.place.url
    given = {"PGPASSWORD": url.password} if url.password else {}
    known = {name: str(value) for name, value in url.query.items() if name in ("sslmode", "sslrootcert", "sslcert")}
    tls = {f"PG{name.upper()}": value for name, value in known.items()}
    done = subprocess.run(  # noqa: S603 (no shell)
        _dump_command(ledger, str(part)), env=os.environ | given | tls, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[0]
        for secret in place.secrets:
            said = said.replace(secret, "***")
        raise LedgerError(f"ledger {place.shown}: nothing was copied; pg_dump: {inert(said)}")


def _dump_command(ledger: ExistingLedger, target: str) -> list[str]:
    """Without the password, which pg_dump asks for, or takes from the environment or ~/.pgpass."""
    with ledger._reading() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    of = ledger.place.url
    url = URL.create("postgresql", of.username, None, of.host, of.port, of.database)
    only = ["--schema", str(schema)]
    return ["pg_dump", "--format=custom", "--file", target, *only, "--dbname", url.render_as_string()]
