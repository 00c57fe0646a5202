"""The configuration the service works by: read again when asked, swapped whole, or kept where the new one is wrong."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from auditor import __version__
from auditor.ledger import Ledger, LedgerError
from auditor.settings import Config, ConfigError, load_config

log = structlog.get_logger("auditor.configuration")


class Configured:
    """Thread-safe. `config` is always one that was valid as a whole."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        *,
        clock: Callable[[], datetime],
        load: Callable[[Path], Config] = load_config,
    ) -> None:
        self.config = config
        self.trouble = ""  # why the files as they are now are not in use
        self._ledger = ledger
        self._clock = clock
        self._load = load
        self._lock = threading.Lock()
        self._stamps = _stamps(config)
        self.note_use()

    def note_use(self) -> None:
        """Keep in the ledger that this configuration is in use now: reports say by which they were made."""
        now = self._clock()
        self._ledger.record_configuration(
            self.config.hash, tool_version=__version__, summary=_summary(self.config), at=now
        )

    def has_moved(self) -> bool:
        """Whether a file of it, or one of a secret, looks other than when it was last read."""
        return _stamps(self.config) != self._stamps

    def read_again(self) -> bool:
        """Read the files anew, those of secrets too. Whether another configuration is in use afterwards."""
        with self._lock:
            self._stamps = _stamps(self.config)
            try:
                fresh = self._load(self.config.path)
            except ConfigError as error:
                return self._refuse(str(error))
            if fresh.ledger_url != self.config.ledger_url:
                return self._refuse("ledger: another ledger needs a restart; everything else stays as it was, too")
            self.trouble = ""
            if fresh == self.config:
                return False
            if (fresh.service.host, fresh.service.port) != (self.config.service.host, self.config.service.port):
                log.warning("service.listen needs a restart; all else is in use")
                kept = replace(fresh.service, host=self.config.service.host, port=self.config.service.port)
                fresh = replace(fresh, service=kept)
            self.config = fresh
            self._stamps = _stamps(fresh)
        for warning in fresh.warnings:
            log.warning("configuration", warning=warning)
        log.info("the new configuration is in use", hash=fresh.hash)
        try:
            self.note_use()
        except LedgerError as error:  # it is noted again every day
            log.error("the ledger does not answer", error=str(error))
        return True

    def _refuse(self, why: str) -> bool:
        if why != self.trouble:
            log.error("the new configuration is refused; the old one goes on", reason=why)
        self.trouble = why
        return False


def _stamps(config: Config) -> dict[Path, tuple[int, int, int] | None]:
    return {path: _stamp(path) for path in {config.path, *config.files}}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _summary(config: Config) -> Mapping[str, Any]:
    return {
        "destinations": sorted(config.destinations),
        "flows": sorted(config.flows),
        "datasets": sum(len(flow.datasets) for flow in config.flows.values()),
        "experience_platform": sorted(config.experience_platform),
    }
