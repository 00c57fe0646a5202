"""One service per SQLite ledger: a lock that the kernel gives back when its holder dies, however it dies."""

import os
from pathlib import Path
from typing import IO

from adapters.base import inert
from auditor.ledger import Ledger, LedgerError


class Alone:
    """Holds `<ledger>.serve` for as long as the process lives. On PostgreSQL several work together, by leases."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._file: IO[bytes] | None = None

    def claim(self) -> None:
        """Be the only one; whatever a dead one held is free again. Raises LedgerError if another one lives."""
        path = self._ledger.file
        if path is None:
            return
        beside = Path(f"{path}.serve")
        try:
            self._file = beside.open("ab")
            _lock(self._file)
        except BlockingIOError:
            raise LedgerError(
                f"ledger {inert(str(path))}: another `export-auditor serve` works on it; stop that one, or name a "
                "PostgreSQL database, on which several may work together"
            ) from None
        except OSError as error:
            raise LedgerError(f"ledger: {inert(str(beside))} cannot be locked: {error.strerror}") from None
        self._ledger.drop_leases()

    def leave(self) -> None:
        """Let another one begin."""
        if self._file is not None:
            self._file.close()


def _lock(file: IO[bytes]) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
