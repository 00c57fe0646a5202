"""Findings about flow runs: what Experience Platform says that it did, held against what is in storage."""

from auditor.model import FindingType, Severity

_SAME_RECORDS = (
    "Adobe's counts of dataset exports may be mixed with those of profile exports in the same dataflow view",
    "the export was written twice or in part, and the run was retried",
    "files were added or removed after the run",
)

RUN_FAILED = FindingType(
    code="run-failed",
    family="flow",
    severity=Severity.ERROR,
    meaning="Experience Platform says that a run of the flow failed or exported only a part.",
    why="What the run should have exported is in no backup; no later export is proven to fill the hole.",
    causes=(
        "the destination refused the writing: credentials, permission, quota",
        "the dataset has more records than an export may have",
        "a fault of Experience Platform that its own retries did not mend",
    ),
    remedy=(
        "Read the error in the evidence and under Destinations > Browse > Dataflow runs, mend its cause, then export "
        "the dataset anew in full: that the next increment carries this data is not documented by Adobe. Waiting "
        "helps only while Experience Platform is still retrying."
    ),
)

RUN_STUCK = FindingType(
    code="run-stuck",
    family="flow",
    severity=Severity.WARNING,
    meaning="A run of the flow is still open though its deadline is over.",
    why="What it exports is not there, or not whole, and the next runs may queue behind it.",
    causes=(
        "more data than usual, as in a first full export",
        "Experience Platform waits for retries of the destination",
        "the run was lost and its record never closed",
    ),
    remedy=(
        "Look at the run under Destinations > Browse > Dataflow runs. If it makes no progress for hours, disable and "
        "enable the dataflow or ask Adobe's support, with the run id of the evidence. If it always takes this long, "
        "raise `deadline` of the flow."
    ),
)

RUN_WITHOUT_EXPORT = FindingType(
    code="run-without-export",
    family="flow",
    severity=Severity.ERROR,
    meaning="Experience Platform says that a run exported data, and no folder, or an empty one, is in the destination.",
    why="Adobe's own monitoring is green and the backup has a hole: only storage shows it.",
    causes=(
        "the folder was deleted or moved after the run, by a lifecycle rule or a person",
        "the dataflow writes to another bucket or folder than the one that is audited",
        "the run's counts are those of a profile export in the same dataflow",
    ),
    remedy=(
        "Compare the destination of the dataflow in Experience Platform with `destination` of the flow here; look for "
        "deletions in the bucket's own log or versions, and bring them back from there. If the folder never came, "
        "export the dataset anew in full and show Adobe's support the run id of the evidence. Waiting does not help."
    ),
)

EXPORT_WITHOUT_RUN = FindingType(
    code="export-without-run",
    family="flow",
    severity=Severity.WARNING,
    meaning="An export folder is in the destination, and Experience Platform knows no run that made it.",
    why="Nobody vouches for where these files came from: a restore would rely on them.",
    causes=(
        "the folder was copied in by a person or a job",
        "another flow, sandbox or organisation writes to the same folder",
        "the run record is older than Experience Platform keeps",
    ),
    remedy=(
        "Look for who wrote the folder (access log of the bucket; the manifest names a run id). If another flow writes "
        "here, give each its own folder path. If the files are what they should be, waive the finding with the reason."
    ),
)

RECORD_COUNT_MISMATCH = FindingType(
    code="record-count-mismatch",
    family="flow",
    severity=Severity.WARNING,
    meaning="The export holds another number of records than its run says that it wrote.",
    why="Records may be missing or twice in the backup though every file is sound.",
    causes=_SAME_RECORDS,
    remedy=(
        "Compare both numbers in the evidence with the dataset's batches of that time. If they always differ by the "
        "same kind of amount, Adobe's counts are mixed with profile exports: set `count_mismatch` of the flow to a "
        "tolerance or a lower severity. If this one differs alone, export the dataset anew in full."
    ),
)

FILE_COUNT_MISMATCH = FindingType(
    code="file-count-mismatch",
    family="flow",
    severity=Severity.WARNING,
    meaning="The export holds another number of files than its run says that it wrote.",
    why="A file may be missing from the backup, or be there twice, though each file is sound.",
    causes=_SAME_RECORDS,
    remedy=(
        "Compare both numbers in the evidence; with *Include manifest file* switched on in the dataflow the next "
        "exports say which file is missing. If counts of this flow are mixed with profile exports, set "
        "`count_mismatch` of the flow."
    ),
)

BYTE_COUNT_MISMATCH = FindingType(
    code="byte-count-mismatch",
    family="flow",
    severity=Severity.WARNING,
    meaning="The files of the export have another size together than its run says that it wrote.",
    why="A file may be missing or replaced though each file is sound.",
    causes=(*_SAME_RECORDS, "the run counts bytes before compression"),
    remedy=(
        "Compare both numbers in the evidence over several runs. If they always differ in the same way, set "
        "`count_mismatch` of the flow to a tolerance or a lower severity; if this one differs alone, look for files "
        "that are missing against the manifest, or export the dataset anew in full."
    ),
)
