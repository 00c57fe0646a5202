"""Whom an incident concerns: the flows and datasets behind it, with those who look after them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from auditor.checks import CATALOGUE
from auditor.incident_model import Incident, IncidentKey, Match
from auditor.model import Care, Flow

ALL_CONCERNED = "access"
"""Family of what concerns everything when it names nothing: Experience Platform cannot be asked."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One dataset of one flow that an incident concerns; empty: not about any."""

    destination: str = ""
    flow: str = ""
    dataset: str = ""
    name: str = ""
    care: Care = Care()


def list_subjects(key: IncidentKey, flows: Mapping[str, Flow]) -> list[Subject]:
    """Each dataset of each flow that `key` concerns; the key alone, where the configuration knows of none."""
    bare = Subject(key.destination, key.flow, key.dataset)
    if not (key.destination or key.flow or key.dataset) and _family(key.code) != ALL_CONCERNED:
        return [bare]
    found = [
        Subject(flow.destination, flow.name, dataset.id, dataset.name, dataset.care)
        for flow in _candidates(key, flows)
        if key.destination in _places(flow, key.code)
        for dataset in flow.datasets
        if key.dataset in ("", dataset.id)
    ]
    return found or [bare]


def fits(match: Match, key: IncidentKey, subject: Subject) -> bool:
    """Whether all that `match` says, but for the severity, fits what `key` tells of `subject`."""
    words = (
        (match.code, (key.code,)),
        (match.destination, (subject.destination,)),
        (match.flow, (subject.flow,)),
        (match.dataset, (subject.dataset, subject.name)),
        (match.team, (subject.care.team,)),
        (match.tag, subject.care.tags),
        (match.owner, (subject.care.owner,)),
    )
    return all(any(fnmatchcase(word, pattern) for word in given) for pattern, given in words if pattern)


def is_silenced_by(match: Match, incident: Incident, flows: Mapping[str, Flow]) -> bool:
    """A silence holds back what it fits wholly: one team's silence does not hide what others lose too."""
    if match.severity is not None and match.severity is not incident.severity:
        return False
    return all(fits(match, incident.key, subject) for subject in list_subjects(incident.key, flows))


def _candidates(key: IncidentKey, flows: Mapping[str, Flow]) -> Iterable[Flow]:
    if not key.flow:
        return flows.values()
    return [flows[key.flow]] if key.flow in flows else []


def _places(flow: Flow, code: str) -> tuple[str, ...]:
    """What a key may name as destination to concern `flow`: what keeps the audit out may name Experience Platform."""
    is_access = _family(code) == ALL_CONCERNED
    return ("", flow.destination, *((flow.experience_platform,) if is_access and flow.experience_platform else ()))


def _family(code: str) -> str:
    return CATALOGUE[code].family if code in CATALOGUE else ""
