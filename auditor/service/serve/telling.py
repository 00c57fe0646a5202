"""The work after looking: telling, sending, the heartbeat, reports on schedule, and the care of the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from auditor.alerts.heartbeat import ping
from auditor.alerts.report_notice import write_report_notice
from auditor.alerts.sending import Sender
from auditor.alerts.telling import tell
from auditor.incident_model import Event, Incident
from auditor.ledger import Ledger
from auditor.service.flows import known_flows
from auditor.service.health import Health, judge_ready
from auditor.service.scheduled_reports import make_due_reports
from auditor.service.serve.configured import Configured
from auditor.service.serve.looking import Looking
from auditor.service.serve.things import Work
from auditor.settings import Config

UNSEEN_FOR = 3  # listings of everything: what was in none of them is gone

log = structlog.get_logger("auditor.telling")

CYCLE = (Work.PLACE, Work.BEYOND, Work.TELL, Work.SEND)


def _has_been_round(health: Health) -> bool:
    """Whether all that is done again and again was done once since the start."""
    again = [one for one in health.loops if one.thing.partition(":")[0] in CYCLE]
    return all(one.done_at is not None and one.done_at >= health.started_at for one in again)


def _note(incident: Incident, event: Event) -> None:
    """What became of an event: told to whom, or why to nobody. With no route at all this is all that is ever said."""
    key = incident.key
    log.warning(
        "incident",
        event_kind=str(event.kind),
        state=str(event.state),
        reason=event.reason,
        incident=incident.number,
        code=key.code,
        flow=key.flow,
        dataset=key.dataset,
        destination=key.destination,
        severity=str(incident.severity),
        message=incident.message,
    )


@dataclass
class Tellers:
    """Everything that reads the ledger and speaks to the world. Satisfies `working.CarriesOut`."""

    ledger: Ledger
    looking: Looking
    configured: Configured
    clock: Callable[[], datetime]
    read_health: Callable[[], Health]
    _sender: Sender | None = field(default=None, repr=False)
    _sends_for: Config | None = field(default=None, repr=False)
    _was_broken: bool = True  # a channel, when an earlier process looked: not known

    def carry_out(self, work: Work, config: Config, *, now: datetime) -> None:
        """Do what `work` says, by `config`."""
        {
            Work.TELL: self._tell,
            Work.SEND: self._send,
            Work.HEARTBEAT: self._beat,
            Work.REPORTS: self._report,
            Work.UPKEEP: self._keep,
        }[work](config, now)

    def close(self) -> None:
        """Give connections back."""
        if self._sender is not None:
            self._sender.close()

    def _tell(self, config: Config, now: datetime) -> None:
        followed = replace(config, flows=known_flows(config, self.ledger, now=now))
        tell(self.ledger, followed, now=now, note=_note)

    def _send(self, config: Config, now: datetime) -> None:
        if self._sender is None or self._sends_for is not config:
            self.close()
            self._sender, self._sends_for = Sender(config, self.ledger, self.clock), config
        result = self._sender.send_due(now)
        if result.is_whole and (result.findings or self._was_broken):  # else nothing can have changed
            self.looking.at_channels(config, result.findings, now=now)
            self._was_broken = bool(result.findings)

    def _beat(self, config: Config, now: datetime) -> None:
        health = self.read_health()
        ready = judge_ready(health, now)
        if not ready.is_ready:
            log.warning("not all work is done in time", reasons=list(ready.reasons))
            ping(config.alerts.heartbeat, "fail", now=now)
        elif _has_been_round(health):
            ping(config.alerts.heartbeat, "good", now=now)
        else:  # it has just begun: that it lives is no proof that it does its work
            ping(config.alerts.heartbeat, "start", now=now)

    def _report(self, config: Config, now: datetime) -> None:
        for made in make_due_reports(self.ledger, config, now=now):
            log.info("report made", period=made.period, folder=str(made.folder), revision=made.revision)
            if made.route:
                notice = write_report_notice(
                    made.route,
                    period=made.period,
                    revision=made.revision,
                    status=made.status,
                    summary=made.summary,
                    folder=str(made.folder),
                    now=now,
                )
                self.ledger.add_notices([notice])

    def _keep(self, config: Config, now: datetime) -> None:
        # What lies there was seen when it was last listed: never let go what the next listing is held against.
        keep = max(config.retention.files, UNSEEN_FOR * config.service.relist)
        rolled = self.ledger.roll_up(keep, now=now)
        log.info("old rows let go", files=rolled.files, audits=rolled.audits, pages=rolled.pages)
        self.configured.note_use()
