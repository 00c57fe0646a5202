"""A sight, ordered by what incidents are about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.incident_model import IncidentKey, Member, Sight
from auditor.incidents.natures import ACCESS, FOLLOWS_FROM_DELETION, NATURES, SEEN_BY_EVERY_LOOK, Nature, nature_of_key
from auditor.model import Arrival, Content, Finding, RunState, Severity, Verdict

CAME = {Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE}
JUDGED = {Content.SOUND, Content.INCOMPLETE, Content.DAMAGED}
RESTS_ON_PLACES = frozenset({"waiver-expired", "waiver-unused", "export-expiring"})
"""Beyond the destinations, and judged by what was found at them."""
Whose = tuple[str, str, str]  # flow, dataset, destination


def key_of(finding: Finding) -> IncidentKey:
    return IncidentKey(finding.code, finding.flow, finding.dataset, finding.destination)


def member_of(finding: Finding) -> Member:
    """Its due time; of what has none, the key it is about."""
    return Member(finding.due) if finding.due is not None else Member(None, finding.key)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one sight says of each incident's subject."""

    sight: Sight
    runs: Mapping[Whose, Mapping[datetime, Verdict]]
    present: Mapping[IncidentKey, Mapping[Member, Finding]]  # worth telling, and not put up with
    waived: Mapping[IncidentKey, frozenset[Member]]
    blind: frozenset[str]  # destinations that could not be looked at; "" or another name: a platform
    places: frozenset[str]  # names that runs have for destinations
    sealed: frozenset[str] = frozenset()  # flows whose files nobody here can read

    @classmethod
    def of(cls, sight: Sight, *, sealed: frozenset[str] = frozenset()) -> "Seen":
        runs: dict[Whose, dict[datetime, Verdict]] = defaultdict(dict)
        for verdict in sight.result.runs:
            if verdict.due is not None:
                runs[verdict.flow, verdict.dataset, verdict.destination][verdict.due] = verdict
        present: dict[IncidentKey, dict[Member, Finding]] = defaultdict(dict)
        waived: dict[IncidentKey, set[Member]] = defaultdict(set)
        findings = sight.result.findings if sight.findings is None else sight.findings
        for finding in findings:
            if finding.waived is not None:
                waived[key_of(finding)].add(member_of(finding))
            elif finding.severity is not Severity.INFO and _is_looked_at(finding, sight):
                _keep_graver(present[key_of(finding)], finding)
        blind = {one.destination for one in findings if _blinds(one)} | sight.blind
        places = frozenset({*sight.destinations, *sight.blind, *(run.destination for run in sight.result.runs)})
        told = {key: frozenset(found) for key, found in waived.items()}
        return cls(sight, runs, present, told, frozenset(blind), places, sealed)

    def run(self, key: IncidentKey, due: datetime) -> Verdict | None:
        """What is said of this run; None if it was not judged in this sight."""
        return self.runs.get((key.flow, key.dataset, key.destination), {}).get(due)

    def tells_of(self, key: IncidentKey, due: datetime, nature: Nature) -> bool:
        """Whether the run was seen so far that the absence of a finding means that nothing is wrong."""
        verdict = self.run(key, due)
        return verdict is not None and _tells(verdict, nature)

    def is_right(self, key: IncidentKey, due: datetime, nature: Nature) -> bool:
        """Whether the run was seen, and that of which the incident tells is right."""
        verdict = self.run(key, due)
        return verdict is not None and _is_right(verdict, nature)

    def is_told_otherwise(self, key: IncidentKey, due: datetime) -> bool:
        """Whether something else is said of this run: one cause is told once, by the code that names it best."""
        verdict = self.run(key, due)
        return verdict is not None and any(
            one.code != key.code and one.severity is not Severity.INFO for one in verdict.findings
        )

    def last_right(self, key: IncidentKey, nature: Nature) -> datetime | None:
        """The newest due time at which that, of which the incident tells, was right."""
        wrong = self.present.get(key, {})
        runs = self.runs.get((key.flow, key.dataset, key.destination), {})
        return max((d for d, v in runs.items() if _is_right(v, nature) and Member(d) not in wrong), default=None)

    def is_told_as_deleted(self, key: IncidentKey, members: Iterable[Member]) -> bool:
        """Whether what is not whole about these runs is that their files are gone, and that is told for itself."""
        deleted = self.present.get(replace(key, code="export-deleted"), {})
        return key.code in FOLLOWS_FROM_DELETION and all(member in deleted for member in members)

    def covers(self, key: IncidentKey) -> bool:
        """Whether the absence of a finding about a place, or beyond it, means that it is over."""
        nature = nature_of_key(key)
        if nature is Nature.CHANNEL:
            return self.sight.channels
        if self.sight.channels:
            return False
        if nature is Nature.BEYOND or (key.code in ACCESS and key.destination not in self.sight.destinations):
            is_left_alone = key.code in ACCESS and key.destination in self.sight.unopened
            return self.sight.beyond and not is_left_alone and (key.code in ACCESS or not self._hides(key))
        if key.destination not in self.sight.destinations or key.destination in self.blind:
            return False  # refused in another way than before, it is not right again
        return self.sight.is_whole or key.code in SEEN_BY_EVERY_LOOK

    def _hides(self, key: IncidentKey) -> bool:
        """Whether what could not be looked at may hide something beyond the destinations.

        A platform that does not answer says nothing of its flows; which of them are its own is not known here.
        """
        return bool(self.blind) if key.code in RESTS_ON_PLACES else bool(self.blind - self.places)


def _is_looked_at(finding: Finding, sight: Sight) -> bool:
    """Whether this sight is the one to speak of it: others may repeat it."""
    nature = NATURES[finding.code]
    if nature is Nature.CHANNEL or sight.channels:
        return nature is Nature.CHANNEL and sight.channels
    if nature is Nature.BEYOND:
        return sight.beyond
    if finding.destination in sight.destinations:
        return True
    return sight.beyond and finding.code in ACCESS  # of a platform


def _blinds(finding: Finding) -> bool:
    """Whether a place could not be looked at: not where one of its files could not be read."""
    is_of_a_file = bool(finding.destination) and finding.evidence.get("operation") == "read"
    return finding.code in ACCESS and not is_of_a_file


def _keep_graver(found: dict[Member, Finding], finding: Finding) -> None:
    before = found.get(member := member_of(finding))
    if before is None or before.severity.rank < finding.severity.rank:
        found[member] = finding


def _tells(verdict: Verdict, nature: Nature) -> bool:
    if nature is Nature.CLAIM:
        return verdict.claim is not None and verdict.claim.state is not RunState.UNKNOWN
    if nature is Nature.CONTENT:
        return verdict.content in JUDGED or verdict.arrival is Arrival.NOT_NEEDED
    return verdict.arrival in CAME | {Arrival.NOT_NEEDED, Arrival.MISSING}


def _is_right(verdict: Verdict, nature: Nature) -> bool:
    if verdict.arrival is Arrival.NOT_NEEDED:
        return True
    if verdict.arrival not in CAME or not verdict.folder:
        return False
    if nature is Nature.CONTENT:
        return verdict.content is Content.SOUND
    if nature is Nature.CLAIM and verdict.claim is None:  # it is held against no record any more
        return verdict.content is Content.SOUND
    return nature is not Nature.CLAIM or (verdict.claim is not None and verdict.claim.state is RunState.SUCCEEDED)
