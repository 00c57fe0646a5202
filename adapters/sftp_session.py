"""The connections to one SFTP server: few, opened one at a time, shared when all are busy, replaced when they break."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.sftp_login import Login
from adapters.sftp_wire import Wire

FEWEST_READS: Final = 1
MOST_READS: Final = 64
"""Reads of a file that are on their way at a time, as many as OpenSSH's own client has."""


@dataclass(slots=True, eq=False)
class Session:
    """A connection that is logged in, and how many use it."""

    transport: Any
    wire: Wire
    users: set["Lease"] = field(default_factory=set)

    @property
    def is_alive(self) -> bool:
        return not self.wire.is_broken and bool(self.transport.is_active())

    def close(self) -> None:
        self.wire.hang_up()
        self.transport.close()


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """The use of a connection, until it is given back."""

    session: Session

    @property
    def wire(self) -> Wire:
        return self.session.wire

    def give_back(self) -> None:
        """Safe in a finalizer: it waits for nothing."""
        self.session.users.discard(self)


class Sessions:
    """Gives out connections. Thread-safe. Nobody waits for a free one: a busy one is shared."""

    def __init__(self, login: Login, most: int) -> None:
        self._login = login
        self._most = most
        self._lock = threading.Lock()  # never held while the network is waited for
        self._opening = threading.Lock()  # servers drop logins that come together (paramiko/paramiko#2063)
        self._sessions: list[Session] = []
        self._failed_at_s = float("-inf")
        self._failure: Exception | None = None
        self.most_reads = MOST_READS
        self.opened = 0

    @contextmanager
    def borrow(self) -> Iterator[Wire]:
        """A connection for one call."""
        lease = self.take()
        try:
            yield lease.wire
        finally:
            lease.give_back()

    def take(self) -> Lease:
        """A connection. Raises what `Login.open` raises."""
        asked_at_s = time.monotonic()
        lease = self._idle_one()
        if lease is None:
            with self._opening:
                lease = self._idle_one() or self._open(asked_at_s)
        return lease

    def ask_for_less(self) -> bool:
        """After a silence in the middle of reading: fewer reads at a time from now on. False: it was one already.

        Some servers answer the first of many outstanding reads and then fall silent (paramiko/paramiko#1788).
        """
        if self.most_reads == FEWEST_READS:
            return False
        self.most_reads = max(FEWEST_READS, self.most_reads // 8)
        return True

    def close(self) -> None:
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def _idle_one(self) -> Lease | None:
        return self._pick(lambda session: not session.users)

    def _pick(self, fits: Callable[[Session], bool] = lambda _: True) -> Lease | None:
        """The least busy connection of those that fit."""
        with self._lock:
            for broken in [session for session in self._sessions if not session.is_alive]:
                self._sessions.remove(broken)
                broken.close()
            session = min(filter(fits, self._sessions), key=lambda one: len(one.users), default=None)
            return self._lease(session) if session is not None else None

    def _lease(self, session: Session) -> Lease:
        lease = Lease(session)
        session.users.add(lease)
        return lease

    def _open(self, asked_at_s: float) -> Lease:
        """A new connection, or a busy one where there are enough, or where the server takes no more."""
        if len(self._sessions) >= self._most and (shared := self._pick()):
            return shared
        try:
            if self._failure is not None and self._failed_at_s >= asked_at_s:
                raise self._failure  # it failed for another while this one waited for its turn
            session = Session(*self._login.open())
        except Exception as error:
            self._failed_at_s, self._failure = time.monotonic(), error
            shared = self._pick()
            if shared is None:
                raise
            self._most = max(1, len(self._sessions))  # busy is better than none
            return shared
        with self._lock:
            self._sessions.append(session)
            self.opened += 1
            return self._lease(session)
