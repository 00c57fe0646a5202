"""Root causes first: which incident explains another, so that its notices are held back."""

from collections.abc import Collection, Iterable, Mapping

from auditor.incident_model import Incident, IncidentKey
from auditor.incidents.natures import ACCESS, NATURES, Nature

NEVER_BUT_BY_ACCESS = frozenset({"protection-stale", "mass-loss"})
NOT_COMING = frozenset({"export-missing", "export-late", "run-without-export"})


def find_causes(
    live: Iterable[Incident], present: Collection[IncidentKey], platforms: Mapping[str, str]
) -> dict[IncidentKey, IncidentKey | None]:
    """Of every live incident the one that explains it, if any.

    `present`: what was found in this very sight, and so is proven, whatever else could not be seen. `platforms`: by
    flow, whose word it is held against.
    """
    keys = sorted(incident.key for incident in live)
    return {key: next((one for one in keys if _explains(one, key, key in present, platforms)), None) for key in keys}


def _explains(cause: IncidentKey, key: IncidentKey, is_proven: bool, platforms: Mapping[str, str]) -> bool:
    nature = NATURES[key.code]
    if key.code in ACCESS or nature is Nature.CHANNEL:
        return False
    if cause.code in ACCESS:
        if is_proven and key.code != "file-unverifiable":
            return False
        if cause.destination == key.destination and nature is not Nature.BEYOND:
            return True
        rests_on_its_word = nature is Nature.CLAIM or (nature is Nature.BEYOND and key.flow != "")
        return rests_on_its_word and platforms.get(key.flow) == cause.destination
    if key.code in NEVER_BUT_BY_ACCESS:
        return False
    if cause.code == "mass-loss":
        return key.destination == cause.destination and key.code in ("export-changed", "export-deleted")
    if cause.code in ("flow-ended", "flow-disabled"):
        return key.flow == cause.flow and key.code in NOT_COMING
    return cause.code == "destination-empty" and key.destination == cause.destination and key.code in NOT_COMING
