"""Puts the service together, runs it, and ends it in order."""

import os
import signal
import socket
import sys
import time
import uuid
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Thread
from types import FrameType

import structlog

from auditor import __version__
from auditor.cli.choices import complain
from auditor.ledger import Ledger, LedgerError
from auditor.logs.setup import set_up_logs
from auditor.service.audit import open_configured
from auditor.service.health import Health
from auditor.service.serve.alone import Alone
from auditor.service.serve.configured import Configured
from auditor.service.serve.driver import Driver
from auditor.service.serve.looking import Looking
from auditor.service.serve.readers import Readers
from auditor.service.serve.telling import Tellers
from auditor.service.serve.working import LEASE, Service
from auditor.service.traffic import Traffic
from auditor.settings import Config
from auditor.verify.pool import Verifier
from auditor.web.app import make_app
from auditor.web.server import CannotListenError, WebServer
from auditor.web.state import ServiceState, read_health

CLOSING_S = 3.0  # of the grace time, kept for letting go of the web and of receivers

log = structlog.get_logger("auditor.serve")


def run_service(config: Config, *, log_level: str, log_format: str) -> int:
    """Run until told to end; the exit code. Whoever is told to end twice ends at once."""
    signals = Signals()
    set_up_logs(log_level, log_format)
    try:
        with _open_ledger(config.ledger_url, signals) as ledger, Ledger.open(config.ledger_url) as readings:
            alone = Alone(ledger)
            alone.claim()
            try:
                return _serve(config, ledger, readings, signals)
            finally:
                alone.leave()
    except LedgerError as error:
        complain(str(error))
    except CannotListenError as error:
        complain(str(error))


def _open_ledger(url: str, signals: "Signals") -> Ledger:
    """Open it, bring it up to date, however long that takes. Told to end meanwhile, the process ends at once: what a
    migration had begun is undone, as after any other end. Raises LedgerError."""
    opened: Future[Ledger] = Future()

    def open_it() -> None:
        try:
            opened.set_result(Ledger.open(url))
        except BaseException as error:
            opened.set_exception(error)
        signals.wake()

    # In a thread: no handler of a signal runs while the main thread waits for a lock inside of the database.
    Thread(target=open_it, name="open ledger", daemon=True).start()
    while not opened.done() and not signals.ends:
        signals.wait()
    if signals.ends:
        os._exit(0)
    return opened.result()


class Signals:
    """What the process is told: to end, or to read its configuration again.

    A handler runs in the midst of whatever the main thread does, so it takes no lock: it notes what it was told and
    writes a byte into a pipe, on which the main thread waits.
    """

    def __init__(self) -> None:
        self.ends = False
        self._reloads = False
        self._read, self._written = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._reload)

    def wait(self) -> None:
        """Until something is told, or somebody calls `wake`."""
        os.read(self._read, 512)

    def wake(self) -> None:
        """Have `wait` return."""
        os.write(self._written, b"!")

    def take_reload(self) -> bool:
        """Whether the configuration is to be read again; asked for once."""
        asked, self._reloads = self._reloads, False
        return asked

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        if self.ends:
            os._exit(0)
        self.ends = True
        self.wake()

    def _reload(self, _number: int, _frame: FrameType | None) -> None:
        self._reloads = True
        self.wake()


def _serve(config: Config, ledger: Ledger, readings: Ledger, signals: Signals) -> int:
    if signals.ends:
        return 0
    traffic = Traffic()
    configured = Configured(config, ledger, clock=_now)
    readers = Readers(lambda: Verifier(workers=configured.config.service.workers))
    looking = Looking(ledger, readers, open_with=traffic.counted(open_configured), traffic=traffic)
    made: list[Service] = []

    def health() -> Health:
        return read_health(made[0], readings)

    tellers = Tellers(ledger, looking, configured, _now, read_health=health)
    holder = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex[:8]}"
    service = Service(configured, ledger, looking, tellers, clock=_now, holder=holder, lease=LEASE)
    made.append(service)
    web = WebServer(make_app(ServiceState(service, readings, traffic, _now)), config.service.host, config.service.port)
    web.start()
    driver = Driver(service)
    driver.start()
    _announce(config, web)
    try:
        _wait(signals, driver)
    finally:
        grace_s = configured.config.service.grace.total_seconds()
        until_s = time.monotonic() + grace_s
        log.info("ending", grace_s=grace_s)
        ended = driver.stop(max(grace_s - CLOSING_S, grace_s / 2))
        web.stop(1.0)
        ended = _close(tellers, max(until_s - time.monotonic(), 0.5)) and ended
        log.info("ended", all_work_done=ended)
    if not ended:
        sys.stderr.flush()
        os._exit(0)  # what hangs in a socket is let go by the kernel; everything it had done is in the ledger
    return 0


def _close(tellers: Tellers, seconds: float) -> bool:
    """Whether all that was being sent has been answered within `seconds`. What was not is sent again by the next."""
    closing = Thread(target=tellers.close, name="close", daemon=True)
    closing.start()
    closing.join(seconds)
    return not closing.is_alive()


def _wait(signals: Signals, driver: Driver) -> None:
    while not signals.ends:
        signals.wait()
        if signals.take_reload():
            driver.reload()


def _announce(config: Config, web: WebServer) -> None:
    for warning in config.warnings:
        log.warning("configuration", warning=warning)
    if not config.alerts.routes:
        log.warning("no route is configured: nobody will be told of anything", see="alerts.routes")
    log.info(
        "serving",
        version=__version__,
        address=f"http://{web.host}:{web.port}/",
        destinations=len(config.destinations),
        flows=len(config.flows),
    )


def _now() -> datetime:
    return datetime.now(UTC)
