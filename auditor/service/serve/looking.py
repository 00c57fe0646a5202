"""One look at one destination, or at what lies beyond, and what it does to incidents."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.base import OpenAdapter
from auditor.checks import CATALOGUE
from auditor.incident_model import Incident, Sight
from auditor.incidents import Expecting, update_incidents
from auditor.ledger import Ledger
from auditor.model import AuditResult, Content, Encryption, Finding, Status, Verdict
from auditor.reconcile.age import CAME
from auditor.service.audit import open_configured, run_audit
from auditor.service.flows import known_flows
from auditor.service.options import AuditOptions, Progress
from auditor.service.platforms import OpenPlatform, open_configured_platform
from auditor.service.present import read_present
from auditor.service.serve.readers import Readers
from auditor.service.traffic import Traffic
from auditor.settings import Config, Destination
from auditor.verify.pool import Verifier

OVERTAKING = 200  # audits: how far back it is looked for a look that overtook another
HOLE = 3  # looks that may be left out before a stretch counts as not watched


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look."""

    result: AuditResult
    changed: tuple[Incident, ...] = ()
    is_blind: bool = False  # the place could not be looked at, or not to its end

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
        blind = _is_blind(result, destination)
        if not blind:
            self._watch(config, f"place:{destination}", now)
        stands = self._as_it_stands(config, destination, result, whole=whole)
        sight = Sight(stands, frozenset({destination}), is_whole=whole, beyond=False)
        return Looked(stands, self._tell_apart(config, sight, now), is_blind=blind)

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
        refused = {one.key for one in result.findings if _is_access(one) and one.destination not in config.destinations}
        if not refused & {*config.experience_platform}:
            self._watch(config, "beyond", now)
        sight = Sight(result, unopened=frozenset(config.destinations), blind=self._unseen(config, now))
        return Looked(result, self._tell_apart(config, sight, now))

    def at_channels(self, config: Config, findings: tuple[Finding, ...], *, now: datetime) -> Looked:
        """What sending notices has shown of the channels themselves."""
        nothing = AuditResult(now, None, Status.INCOMPLETE, (), findings, ())
        sight = Sight(nothing, is_whole=False, beyond=False, channels=True)
        return Looked(nothing, self._tell_apart(config, sight, now))

    def _audit(
        self, config: Config, options: AuditOptions, progress: Progress, verifier: Verifier | None = None
    ) -> AuditResult:
        return run_audit(
            config,
            self.ledger,
            options,
            progress=progress,
            verifier=verifier or Verifier(),  # one that was not entered has no processes, and reads nothing
            open_with=self.open_with,
            open_platform=self.open_platform,
        )

    def _watch(self, config: Config, thing: str, now: datetime) -> None:
        """Keep that it was looked at. Where nothing could be seen, nothing was watched."""
        self.ledger.record_watching(thing, now, gap=HOLE * max(config.service.arrival_every, timedelta(minutes=15)))

    def _as_it_stands(self, config: Config, destination: str, result: AuditResult, *, whole: bool) -> AuditResult:
        """`result`, or what looks that were begun later and ended sooner have seen of the same."""
        newest = self.ledger.newest_looks([destination], back=OVERTAKING).get(destination)
        overtaken = newest is not None and self.ledger.read_audit(newest).now > result.now
        if not whole and not overtaken:
            return result
        present = read_present(self.ledger, _only(config, destination), now=result.now)
        if whole:  # of old exports this look saw more than any frequent one
            return present
        judged = {_key(run) for run in result.runs}
        runs = tuple(run for run in present.runs if run.due is None or _key(run) in judged)
        left_out = {id(one) for run in present.runs for one in run.findings}
        kept = tuple(one for run in runs for one in run.findings)
        of_place = tuple(one for one in present.findings if id(one) not in left_out)
        return replace(result, runs=runs, findings=(*kept, *of_place))

    def _unseen(self, config: Config, now: datetime) -> frozenset[str]:
        """The destinations that the newest look at them could not see."""
        present = read_present(self.ledger, config, now=now, since=now)
        return frozenset(name for name in config.destinations if _is_blind(present, name))

    def _tell_apart(self, config: Config, sight: Sight, now: datetime) -> tuple[Incident, ...]:
        flows = known_flows(config, self.ledger, now=now)
        expected = Expecting(
            flows=frozenset((f.name, d.id, f.destination) for f in flows.values() for d in f.datasets),
            destinations=frozenset({*config.destinations, *config.experience_platform}),
            platforms={f.name: f.experience_platform for f in flows.values() if f.experience_platform},
            watched_before=self.ledger.first_watched_at() or now,
            began=self.ledger.first_audits(),
            sealed=frozenset(flow.name for flow in flows.values() if flow.encryption is not Encryption.NONE),
        )
        return tuple(
            self.ledger.update_incidents_with(lambda known: update_incidents(known, sight, now=now, expected=expected))
        )


def _is_access(finding: Finding) -> bool:
    return CATALOGUE[finding.code].family == "access"


def _is_blind(result: AuditResult, destination: str) -> bool:
    """Whether the place as a whole could not be looked at: not one that only keeps back a file."""
    return any(one.subject == f"destination {destination}" for one in result.unverifiable)


def _key(run: Verdict) -> tuple[object, ...]:
    return run.flow, run.dataset, run.destination, run.due


def _only(config: Config, destination: str) -> Config:
    return replace(config, destinations={destination: config.destinations[destination]})
