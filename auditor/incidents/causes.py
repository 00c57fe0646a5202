"""Root causes first: which incident explains another, so that its notices are held back."""

from collections.abc import Iterable, Mapping

from auditor.incident_model import Incident, IncidentKey
from auditor.incidents.natures import ACCESS, Nature, nature_of_key

NEVER_BUT_BY_ACCESS = frozenset({"protection-stale", "mass-loss"})
NOT_COMING = frozenset({"export-missing", "export-late", "run-without-export"})


def find_causes(live: Iterable[Incident], platforms: Mapping[str, str]) -> dict[IncidentKey, IncidentKey | None]:
    """Of every live incident the one that explains it, if any. `platforms`: by flow, whose word it is held against."""
    ordered = sorted(live, key=lambda incident: incident.key)
    return {one.key: next((by.key for by in ordered if _explains(by, one, platforms)), None) for one in ordered}


def _explains(by: Incident, incident: Incident, platforms: Mapping[str, str]) -> bool:
    cause, key = by.key, incident.key
    nature = nature_of_key(key)
    if key.code in ACCESS or nature is Nature.CHANNEL:
        return False
    if cause.code in ACCESS:
        # What was found by the same look or by a later one is proven, whatever else could not be seen.
        if incident.last_seen_at >= by.last_seen_at and key.code != "file-unverifiable":
            return False
        if cause.destination and cause.destination == key.destination and nature is not Nature.BEYOND:
            return True
        silent = {cause.destination, *(member.key for member in by.members)} - {""}
        return nature in (Nature.CLAIM, Nature.BEYOND) and _platform_of(incident, platforms) in silent
    if key.code in NEVER_BUT_BY_ACCESS:
        return False
    if cause.code == "mass-loss":
        return key.destination == cause.destination and key.code in ("export-changed", "export-deleted")
    if cause.code in ("flow-ended", "flow-disabled"):
        return key.flow == cause.flow and key.code in NOT_COMING
    return cause.code == "destination-empty" and key.destination == cause.destination and key.code in NOT_COMING


def _platform_of(incident: Incident, platforms: Mapping[str, str]) -> str | None:
    """Whose word it rests on: by its flow, else as its evidence says."""
    said = incident.evidence.get("experience_platform")
    return platforms.get(incident.key.flow) or (said if isinstance(said, str) else None)
