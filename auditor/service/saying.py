"""What one audit says: waived, written down as it comes, and closed with one status."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from auditor import __version__
from auditor.ledger import Ledger
from auditor.model import Coverage, Ending, Finding, Flow, Look, Unverifiable, Verdict, Waiver, Watched
from auditor.reconcile.status import judge_status
from auditor.reconcile.waivers import Scope, apply_waivers, find_waiver_faults
from auditor.service.answer import PlaceAnswer
from auditor.service.options import AuditOptions
from auditor.service.reading import Reading
from auditor.settings import Config


class Saying:
    """One audit in the ledger, from its beginning to its end."""

    def __init__(
        self,
        book: Ledger,
        config: Config,
        options: AuditOptions,
        flows: Sequence[Flow],
        *,
        judged_since: datetime | None = None,
    ) -> None:
        """Begins the audit of `flows`, those in scope; of all of them, what was due since `judged_since` is judged."""
        self._book = book
        self._config = config
        self._options = options
        self.names = {dataset.id: dataset.name for flow in flows for dataset in flow.datasets if dataset.name}
        self.runs: list[Verdict] = []
        self.findings: list[Finding] = []
        self.doubts: list[Unverifiable] = []
        self._looks: set[Look] = set()
        self.audit = book.begin_audit(
            now=options.now,
            tool_version=__version__,
            config_hash=config.hash,
            options=_recorded(options, flows, judged_since),
        )
        structlog.contextvars.bind_contextvars(audit=self.audit)  # in every line of the log from here on

    def say(self, answer: PlaceAnswer) -> None:
        """Keep an answer, and take it in."""
        self.take(self.kept(answer))

    def kept(self, answer: PlaceAnswer) -> PlaceAnswer:
        """An answer as it is kept: what its owner puts up with is marked."""
        now = self._options.now
        findings, runs = apply_waivers(
            answer.findings, answer.verdicts, self._config.waivers, names=self.names, now=now
        )
        self._book.record_verdicts(self.audit, runs, at=now)
        self._book.record_findings(self.audit, findings, at=now)
        self._book.record_unverifiable(self.audit, answer.unverifiable)
        return replace(answer, findings=[*findings], verdicts=[*runs])

    def take(self, answer: PlaceAnswer) -> None:
        """Have a kept answer count for what is said of the whole."""
        self.runs += answer.verdicts
        self.findings += answer.findings
        self.doubts += answer.unverifiable
        self._looks.update(answer.looks)

    def say_of_waivers(self, waivers: Sequence[Waiver], *, whole: bool, watched: Mapping[str, datetime]) -> None:
        """Which of `waivers` are over or hold nothing. `whole`: nothing was left out, so that they can be judged."""
        scope = Scope(whole, {doubt.destination for doubt in self.doubts}, watched)
        faults = find_waiver_faults(self.findings, waivers, scope, names=self.names, now=self._options.now)
        told = [*faults]
        self._book.record_findings(self.audit, told, at=self._options.now)
        self.findings += told

    def finish(
        self,
        readings: Collection[Reading],
        watched: Sequence[Watched],
        coverage: Sequence[Coverage],
        endings: Sequence[Ending],
    ) -> None:
        """End the audit with the one answer to all that was said."""
        self._book.finish_audit(
            self.audit,
            status=judge_status(self.runs, self.findings, self.doubts, fail_on=self._options.fail_on),
            watched=watched,
            files_read=sum(reading.files_read for reading in readings),
            files_reused=sum(reading.files_reused for reading in readings),
            bytes_read=sum(reading.bytes_read for reading in readings),
            looks=sorted(self._looks, key=lambda look: (look.destination, look.dataset)),
            coverage=coverage,
            endings=endings,
        )


def _recorded(
    options: AuditOptions, flows: Sequence[Flow], judged_since: datetime | None
) -> Mapping[str, str | bool | list[str] | None]:
    since = options.since or (judged_since if options.recent else None)
    return {
        "destination": options.destination,
        "flow": options.flow,
        "dataset": options.dataset,
        "since": since.isoformat() if since else None,
        "level": str(options.level) if options.level is not None else None,
        "reverify": options.reverify,
        "fail_on": str(options.fail_on),
        "team": options.team,
        "tag": options.tag,
        "owner": options.owner,
        "flows": [flow.name for flow in flows] if options.by_care else None,
        "reads": options.reads,
        "beyond": options.beyond,
        "places": options.places,
        "recent": options.recent,
    }
