"""One look at one destination, or at what lies beyond, and what it does to incidents."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.base import OpenAdapter
from auditor.checks import CATALOGUE
from auditor.incident_model import Incident, Sight
from auditor.incidents import Expecting, update_incidents
from auditor.ledger import Ledger
from auditor.model import Arrival, AuditResult, Content, Finding, Status
from auditor.service.audit import open_configured, run_audit
from auditor.service.flows import known_flows
from auditor.service.options import AuditOptions, Progress
from auditor.service.platforms import OpenPlatform, open_configured_platform
from auditor.service.present import read_present
from auditor.service.serve.readers import Readers
from auditor.service.traffic import Traffic
from auditor.settings import Config, Destination
from auditor.verify.pool import Verifier

CAME = {Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.UNEXPECTED}
HOLE = 3  # looks that may be left out before a stretch counts as not watched


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look."""

    result: AuditResult
    changed: tuple[Incident, ...] = ()

    @property
    def waits_for_reading(self) -> bool:
        """Whether an export has come to rest of which files were not read yet."""
        return any(run.arrival in CAME and run.content is Content.UNCHECKED for run in self.result.runs)

    @property
    def could_not_be_read(self) -> bool:
        """Whether files are there that could not be checked: worth another try after a while."""
        return any(run.arrival in CAME and run.content is Content.UNVERIFIABLE for run in self.result.runs)

    @property
    def was_refused(self) -> bool:
        """Whether a credential was refused: what is kept in a file may have been renewed."""
        return any(one.code in ("access-denied", "credential-expired") for one in self.result.findings)


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks for one ledger. The configuration is given each time: it may be swapped between two looks."""

    ledger: Ledger
    readers: Readers
    open_with: Callable[[Destination], OpenAdapter] = open_configured
    open_platform: OpenPlatform = open_configured_platform
    traffic: Traffic = field(default_factory=Traffic)

    def at_place(self, config: Config, destination: str, *, now: datetime, progress: Progress, whole: bool) -> Looked:
        """Did exports arrive at `destination`? `whole`: everything is listed and judged, and old exports with it."""
        relist = timedelta() if whole else None
        options = AuditOptions(
            now=now, destination=destination, relist=relist, reads=False, beyond=False, recent=not whole
        )
        result = self._audit(config, options, progress)
        self._watch(config, f"place:{destination}", result, {destination}, now)
        if whole:  # meanwhile a frequent look may have seen more of the newest runs: the ledger knows both
            result = read_present(self.ledger, _only(config, destination), now=now)
        sight = Sight(result, frozenset({destination}), is_whole=whole, beyond=False)
        return Looked(result, self._tell_apart(config, sight, now))

    def into_files(self, config: Config, destination: str, *, now: datetime, progress: Progress, whole: bool) -> Looked:
        """Read what has come to rest at `destination` and was not read yet.

        The next look says what that showed of the newest runs; what it showed of old ones (`whole`) is told at once,
        for the next look that judges those may be a day away.
        """
        options = AuditOptions(now=now, destination=destination, relist=None, beyond=False, recent=not whole)
        with self.readers.reading() as verifier:
            result = self._audit(config, options, progress, verifier)
        self.traffic.add(destination, files_read=result.files_read, bytes_read=result.bytes_read)
        if not whole:
            return Looked(result)
        present = read_present(self.ledger, _only(config, destination), now=now)
        sight = Sight(present, frozenset({destination}), beyond=False)
        return Looked(result, self._tell_apart(config, sight, now))

    def beyond(self, config: Config, *, now: datetime, progress: Progress) -> Looked:
        """Flows of Experience Platform, coverage, and what ends by itself."""
        result = self._audit(config, AuditOptions(now=now, places=False, reads=False), progress)
        platforms = {*config.experience_platform}
        self._watch(config, "beyond", result, platforms, now)
        return Looked(result, self._tell_apart(config, Sight(result, unopened=frozenset(config.destinations)), now))

    def at_channels(self, config: Config, findings: tuple[Finding, ...], *, now: datetime) -> Looked:
        """What sending notices has shown of the channels themselves."""
        nothing = AuditResult(now, None, Status.INCOMPLETE, (), findings, ())
        sight = Sight(nothing, is_whole=False, beyond=False, channels=True)
        return Looked(nothing, self._tell_apart(config, sight, now))

    def _audit(
        self, config: Config, options: AuditOptions, progress: Progress, verifier: Verifier | None = None
    ) -> AuditResult:
        with nullcontext(
            verifier or Verifier()
        ) as reads:  # one that was not entered has no processes, and reads nothing
            return run_audit(
                config,
                self.ledger,
                options,
                progress=progress,
                verifier=reads,
                open_with=self.open_with,
                open_platform=self.open_platform,
            )

    def _watch(self, config: Config, thing: str, result: AuditResult, of: set[str], now: datetime) -> None:
        """Where nothing could be seen, nothing was watched."""
        blind = {one.destination for one in result.findings if CATALOGUE[one.code].family == "access"}
        if not blind & of:
            self.ledger.record_watching(thing, now, gap=HOLE * max(config.service.arrival_every, timedelta(minutes=15)))

    def _tell_apart(self, config: Config, sight: Sight, now: datetime) -> tuple[Incident, ...]:
        flows = known_flows(config, self.ledger, now=now)
        expected = Expecting(
            flows=frozenset((f.name, d.id, f.destination) for f in flows.values() for d in f.datasets),
            destinations=frozenset({*config.destinations, *config.experience_platform}),
            platforms={f.name: f.experience_platform for f in flows.values() if f.experience_platform},
            watched_before=self.ledger.first_watched_at(),
        )
        return tuple(
            self.ledger.update_incidents_with(lambda known: update_incidents(known, sight, now=now, expected=expected))
        )


def _only(config: Config, destination: str) -> Config:
    return replace(config, destinations={destination: config.destinations[destination]})
