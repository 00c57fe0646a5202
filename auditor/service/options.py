"""What a caller may ask of an audit, and how it is kept informed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from auditor.model import Care, Flow, Level, Severity
from auditor.service.limits import Limits

RELIST = timedelta(hours=24)


class Progress(Protocol):
    """Told of long work as it goes on. Never asked anything."""

    def stage(self, text: str, total: int | None = None) -> None:
        """A new stretch of work begins; `total` steps if known."""

    def advance(self, n: int = 1) -> None:
        """`n` steps of it are done."""

    def note(self, text: str) -> None:
        """Something worth a line while it goes on."""


class Quiet:
    """Tells no one."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, n: int = 1) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """One audit: its moment, its scope, its depth."""

    now: datetime
    is_past: bool = False  # `now` was pinned: newer objects are ignored and the ledger's verdicts stay as they are
    destination: str = ""
    flow: str = ""
    dataset: str = ""
    since: datetime | None = None
    level: Level | None = None  # None: each flow's own
    reverify: bool = False
    fail_on: Severity = Severity.ERROR
    workers: int | None = None  # None: one per processor
    limits: Limits = field(default_factory=Limits)
    team: str = ""
    tag: str = ""
    owner: str = ""
    relist: timedelta | None = RELIST  # every export is listed again within this; zero: now; None: another look does it
    reads: bool = True  # False: no file is read, only what the ledger knows of it counts
    beyond: bool = True  # False: neither the flows of Experience Platform nor coverage are looked at
    places: bool = True  # False: no destination is looked at; runs stand as the ledger last knew them
    recent: bool = False  # only runs that may still change what is known: see `service/recent.py`

    @property
    def is_partial(self) -> bool:
        """Whether only part of what is configured is audited. Then nothing is said of a place as a whole."""
        return bool(self.flow or self.dataset or self.by_care)

    @property
    def by_care(self) -> bool:
        """Whether it is selected by who looks after a dataset."""
        return bool(self.team or self.tag or self.owner)

    @property
    def looks_at_all(self) -> bool:
        """Whether nothing that is configured and watched is left out, up to the present and as deep as configured."""
        part = self.is_partial or self.destination or self.since or self.recent or not self.beyond
        return not (part or self.is_past or self.level is not None)

    def selects(self, flow: Flow, dataset: str) -> bool:
        """Whether this dataset of this flow is in scope."""
        return (
            self.destination in ("", flow.destination)
            and self.flow in ("", flow.name)
            and self.dataset in ("", dataset)
            and (not self.by_care or any(self._selects_care(d.care) for d in flow.datasets if d.id == dataset))
        )

    def _selects_care(self, care: Care) -> bool:
        return (
            self.team in ("", care.team) and self.owner in ("", care.owner) and (not self.tag or self.tag in care.tags)
        )
