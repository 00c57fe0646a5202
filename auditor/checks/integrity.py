"""Findings about exports that were whole and are no longer as they were."""

from auditor.model import FindingType, Severity

EXPORT_CHANGED = FindingType(
    code="export-changed",
    family="integrity",
    severity=Severity.ERROR,
    meaning="Files of an export are no longer as they were when it had come to rest.",
    why="What a restore gives is not what Experience Platform exported, even where every file decodes.",
    causes=(
        "a person or a job wrote into the destination: a repair, a conversion, an upload to the wrong folder",
        "malware or somebody with stolen keys overwrote or encrypted the files",
        "the exports were copied or re-encrypted, and what is there now could not be read to see that it is the same",
        "the run was exported again, and no run record says so",
    ),
    remedy=(
        "Compare size, time and version before and after in the evidence, and ask who wrote then: the provider's "
        "log of access names the key that was used. Restore the earlier version where versioning keeps it. If the "
        "change was meant, accept the incident (`export-auditor accept`) with the reason."
    ),
)

EXPORT_DELETED = FindingType(
    code="export-deleted",
    family="integrity",
    severity=Severity.ERROR,
    meaning="Files of an export that had come to rest, or all of it, are gone.",
    why="The records in them can no longer be restored, and an increment that is gone is in no other export.",
    causes=(
        "a lifecycle rule of the bucket removes old exports, and `retain` of the destination does not say so",
        "a person or a clean-up job deleted them",
        "somebody with stolen keys deleted them",
    ),
    remedy=(
        "Restore the files where versions or soft delete keep them: that ends by itself after some days. Have the run "
        "exported again if Experience Platform still has the records. If a lifecycle rule is meant, set `retain` on "
        "the destination; if the deletion was meant, accept the incident (`export-auditor accept`)."
    ),
)

MASS_LOSS = FindingType(
    code="mass-loss",
    family="integrity",
    severity=Severity.CRITICAL,
    meaning="A large part of what was known at a destination is gone or changed.",
    why="This is how a wrong lifecycle rule, a clean-up gone astray and an attack look; each hour may cost more of it.",
    causes=(
        "a lifecycle rule with a wrong prefix or age",
        "a clean-up job or a person removed or overwrote many exports",
        "malware or stolen keys: files deleted, or encrypted in place",
        "the destination was restored from an older state",
    ),
    remedy=(
        "Look at the destination now: stop lifecycle rules and jobs that write there, and change keys that may be "
        "known to others. Restore from versions, soft delete or a replica before they end. If it was meant, accept "
        "the incident (`export-auditor accept`) with the reason."
    ),
)
