"""What each finding code is about, and so what opens and closes its incident. A test compares it with the catalogue."""

from enum import StrEnum

from auditor.incident_model import IncidentKey
from auditor.model import Finding


class Nature(StrEnum):
    """By what sight an incident is judged."""

    ARRIVAL = "arrival"  # of a run: did its export come?
    CONTENT = "content"  # of a run: is what came whole and readable?
    CLAIM = "claim"  # of a run: what its record says
    ONE_OFF = "one_off"  # of a folder or run: told once, nothing goes on
    PLACE = "place"  # of a destination, or of a flow there
    BEYOND = "beyond"  # of flows, datasets, credentials as Experience Platform and the configuration tell them
    CHANNEL = "channel"  # of a way to reach people


_BY_NATURE = {
    Nature.ARRIVAL: "export-missing export-late export-stuck",
    Nature.CONTENT: "folder-empty manifest-missing manifest-unreadable manifest-duplicate manifest-file-missing "
    "manifest-file-extra manifest-size-mismatch manifest-run-mismatch file-empty file-truncated file-corrupt "
    "file-wrong-format file-wrong-compression file-no-records record-invalid file-duplicate file-unverifiable "
    "file-archived schema-mismatch schema-changed export-changed export-deleted",
    Nature.CLAIM: "run-failed run-stuck run-without-export export-without-run record-count-mismatch "
    "file-count-mismatch byte-count-mismatch",
    Nature.ONE_OFF: "export-unexpected export-duplicate export-early",
    Nature.PLACE: "protection-stale folder-malformed stray-object unknown-dataset destination-empty flow-ended "
    "mass-loss destination-unreachable access-denied credential-expired clock-skew",
    Nature.BEYOND: "flow-disabled protection-weakened flow-unmatched flow-differs dataset-unprotected flow-ending "
    "credential-expiring export-expiring waiver-expired waiver-unused flow-service-unreachable",
    Nature.CHANNEL: "notices-undelivered",
}
NATURES = {code: nature for nature, codes in _BY_NATURE.items() for code in codes.split()}

ACCESS = frozenset(
    {"destination-unreachable", "access-denied", "credential-expired", "clock-skew", "flow-service-unreachable"}
)
"""Codes that say that a place could not be looked at: they explain whatever else is said of it."""

COULD_BE_A_BLIP = ACCESS | {"file-unverifiable", "run-stuck"}
"""Told only when seen in several looks. Never what is missing or damaged."""

ONLY_BY_ACCEPTING = frozenset(
    {"export-changed", "export-deleted", "mass-loss", "protection-weakened", "schema-changed"}
)
"""Somebody has to say that it may stay as it is."""

MAY_BE_AS_BEFORE = frozenset({"export-changed", "export-deleted", "mass-loss"})
"""Of those, the ones that are also over when things are again as they were."""

FOLLOWS_FROM_DELETION = frozenset({"folder-empty", "manifest-missing", "manifest-file-missing"})
"""What is found of an export besides, once files of it were deleted."""

SEEN_BY_EVERY_LOOK = ACCESS | {"protection-stale", "destination-empty", "flow-ended"}
"""Of what is said of a place, what every look would find again. All else is over only where a whole look finds none."""

OF_RUNS = frozenset({Nature.ARRIVAL, Nature.CONTENT, Nature.CLAIM})


def nature_of_key(key: IncidentKey) -> Nature:
    """How incidents of this key are judged. The same code may be about a run, or about a place as a whole."""
    nature = NATURES[key.code]
    return Nature.PLACE if nature in OF_RUNS and not key.flow else nature


def nature_of(finding: Finding) -> Nature:
    """How this finding is judged. What is said of a folder that no run asked for is told once."""
    nature = nature_of_key(IncidentKey(finding.code, finding.flow, finding.dataset, finding.destination))
    if nature in OF_RUNS and finding.due is None and finding.code not in ONLY_BY_ACCEPTING:
        return Nature.ONE_OFF
    return nature
