"""Findings about the shape of the records."""

from auditor.model import FindingType, Severity

SCHEMA_MISMATCH = FindingType(
    code="schema-mismatch",
    family="schema",
    severity=Severity.WARNING,
    meaning="The files of one export do not share one schema.",
    why="A restore that takes the schema of the first file may drop columns of the others or fail.",
    causes=(
        "the dataset's schema was changed while the run was exporting",
        "files of two runs lie in one folder",
    ),
    remedy=(
        "Read each group of files with its own schema, or merge the schemas by name when restoring. If the "
        "files' `tid` also differ, restore those of the completed run only."
    ),
)

SCHEMA_CHANGED = FindingType(
    code="schema-changed",
    family="schema",
    severity=Severity.WARNING,
    meaning="An export has another schema than the earlier exports of its dataset.",
    why="A restore over both sides of the change needs a reader that merges schemas.",
    causes=(
        "a field group was added to the dataset's XDM schema",
        "a field was deprecated, or its type differs in newly ingested data",
    ),
    remedy=(
        "Compare the difference in the evidence with the changes of the XDM schema in Experience Platform. "
        "If it was meant, nothing is to be done: the new schema becomes the one later exports are compared "
        "with."
    ),
)
