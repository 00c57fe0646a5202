"""Who a finding is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from auditor.model import Evidence, Finding, FindingType, Severity


@dataclass(frozen=True, slots=True)
class Subject:
    """The identity that findings about one thing share, and the severities its owner has set."""

    destination: str
    flow: str = ""
    dataset: str = ""
    due: datetime | None = None
    severities: Mapping[str, Severity] = field(default_factory=dict)

    def at(self, due: datetime | None) -> "Subject":
        """The same subject at one due time."""
        return replace(self, due=due)

    def finding(self, kind: FindingType, message: str, *, key: str = "", evidence: Evidence | None = None) -> Finding:
        """One occurrence of `kind` about this subject. An owner's severity wins over the catalogue's."""
        return Finding(
            code=kind.code,
            severity=self.severities.get(kind.code, kind.severity),
            message=message,
            destination=self.destination,
            flow=self.flow,
            dataset=self.dataset,
            due=self.due,
            key=key,
            evidence=evidence or {},
        )
