"""What one destination's audit says, while it is put together."""

from dataclasses import dataclass, field

from auditor.model import Finding, Look, Unverifiable, Verdict
from auditor.reconcile.dataset import ChainAnswer


@dataclass(slots=True)
class PlaceAnswer:
    """What was found at one destination."""

    verdicts: list[Verdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # those of runs included
    unverifiable: list[Unverifiable] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def add(self, answer: ChainAnswer) -> None:
        """Take in what was said of one dataset."""
        self.verdicts += answer.verdicts
        self.findings += [*answer.findings, *(f for verdict in answer.verdicts for f in verdict.findings)]
        self.unverifiable += [*answer.unverifiable, *(u for verdict in answer.verdicts for u in verdict.unverifiable)]
