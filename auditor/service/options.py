"""What a caller may ask of an audit, and how it is kept informed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from auditor.model import Flow, Level, Severity


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

    @property
    def is_partial(self) -> bool:
        """Whether only part of what is configured is audited. Then nothing is said of a place as a whole."""
        return bool(self.flow or self.dataset)

    def selects(self, flow: Flow, dataset: str) -> bool:
        """Whether this dataset of this flow is in scope."""
        return (
            self.destination in ("", flow.destination)
            and self.flow in ("", flow.name)
            and self.dataset in ("", dataset)
        )
