"""What runs in a worker process: opens the destination once, then checks batch after batch."""

import logging
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from adapters.base import Adapter, DestinationError, OpenAdapter
from auditor.model import FileCheck, Level, StoredFile
from auditor.verify.file import judge_unread, verify_file
from auditor.verify.proof import unverifiable
from auditor.verify.reasons import Reason

__all__ = ["prepare", "verify_batch"]

_ADAPTERS_KEPT = 4
_adapters: dict[bytes, Adapter] = {}  # by pickled opener


def prepare(parent: Connection) -> None:
    """Make this process a worker: Ctrl-C is its parent's business, and it dies with its parent.

    `parent` is a pipe that nobody writes to: it ends when the parent does, however that happened.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' warnings may hold addresses with signatures
    threading.Thread(target=_die_with, args=(parent,), name="parent-watch", daemon=True).start()


def _die_with(parent: Connection) -> None:
    try:
        parent.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def verify_batch(opener: bytes, files: Sequence[StoredFile], level: Level) -> list[FileCheck]:
    """One check per file, in order. `opener` is a pickled `OpenAdapter`.

    Raises what opening the destination raises, if it is no DestinationError: that is a wrong configuration.
    """
    try:
        adapter = _open(opener)
    except DestinationError as error:
        return [judge_unread(file, error) for file in files]
    return [_verify(adapter, file, level) for file in files]


def _open(opener: bytes) -> Adapter:
    if opener not in _adapters:
        while len(_adapters) >= _ADAPTERS_KEPT:
            _adapters.pop(next(iter(_adapters))).close()
        open_adapter: OpenAdapter = pickle.loads(opener)  # noqa: S301 (from our own parent)
        _adapters[opener] = open_adapter()
    return _adapters[opener]


def _verify(adapter: Adapter, file: StoredFile, level: Level) -> FileCheck:
    """`verify_file`, whose defects must not cost other files their verdict."""
    try:
        return verify_file(adapter, file, level)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        evidence = {"error": type(error).__name__, "where": f"{Path(where.filename).name}:{where.lineno}"}
        message = "The decoder failed in a way that says nothing about the file."
        return unverifiable(file.key, Reason.DECODER_CRASHED, message, evidence)
