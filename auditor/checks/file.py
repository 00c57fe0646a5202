"""Findings about one data file."""

from auditor.model import FindingType, Severity

FILE_EMPTY = FindingType(
    code="file-empty",
    family="file",
    severity=Severity.ERROR,
    meaning="A data file has zero bytes.",
    why="Not even an empty JSON or Parquet file is that short: its records, if any, are lost.",
    causes=(
        "the upload failed after creating the object",
        "a tool or disk without free space rewrote the file",
    ),
    remedy=(
        "Have the run exported again. If the destination keeps versions, look for an earlier version of "
        "the object first; if a copy job fills this destination, compare with its source."
    ),
)

FILE_TRUNCATED = FindingType(
    code="file-truncated",
    family="file",
    severity=Severity.ERROR,
    meaning="A data file ends before its contents do.",
    why="The records behind the cut are lost; some readers restore the first part without an error.",
    causes=(
        "the upload was cut short",
        "a copy or synchronisation job stopped half-way",
        "the disk or the quota of the destination was full",
    ),
    remedy=(
        "Have the run exported again, and do not restore from this file until then. If the file was copied "
        "from another place, copy it anew and compare the sizes."
    ),
)

FILE_CORRUPT = FindingType(
    code="file-corrupt",
    family="file",
    severity=Severity.ERROR,
    meaning="A data file contradicts itself: a checksum, a length or a count inside it is wrong.",
    why="Its records cannot be trusted, and a restore stops at the fault or loads wrong values.",
    causes=(
        "bytes changed in storage or on the way",
        "two uploads were mixed into one object",
        "a tool rewrote the file as text",
    ),
    remedy=(
        "Have the run exported again. Keep the damaged object for the storage provider if its own checksum "
        "also disagrees, and check other files of the same day with `--reverify`."
    ),
)

FILE_WRONG_FORMAT = FindingType(
    code="file-wrong-format",
    family="file",
    severity=Severity.ERROR,
    meaning="A data file holds another format than its name says.",
    why="A restore picks the reader by the name and fails, or reads rubbish.",
    causes=(
        "the file was renamed or converted on the way",
        "an error page or a placeholder was stored instead of the data",
        "the file is encrypted",
    ),
    remedy=(
        "Compare the first bytes in the evidence with what the dataflow exports. Restore the original from "
        "a version or a copy, or have the run exported again; look for the job that rewrites files."
    ),
)

FILE_WRONG_COMPRESSION = FindingType(
    code="file-wrong-compression",
    family="file",
    severity=Severity.WARNING,
    meaning="A data file is readable and compressed otherwise than its name or the flow says.",
    why="A restore that relies on the setting or on the name has to guess.",
    causes=(
        "the dataflow's compression was changed and the configuration was not",
        "a gateway or copy job unpacked the file on the way",
        "the object carries `Content-Encoding: gzip` and a client unpacked it",
    ),
    remedy=(
        "Bring `compression` in the configuration in line with the dataflow's target connection. If they "
        "already agree, find the job that packs or unpacks files on the way."
    ),
)

FILE_NO_RECORDS = FindingType(
    code="file-no-records",
    family="file",
    severity=Severity.INFO,
    meaning="A data file is sound and holds no records.",
    why="It is harmless by itself; all files of a run without records may mean that a source has dried up.",
    causes=("nothing new came into the dataset since the previous run", "the writer left an empty partition"),
    remedy=("Check the dataset's ingestion in Experience Platform if you expected new records; otherwise do nothing."),
)

RECORD_INVALID = FindingType(
    code="record-invalid",
    family="file",
    severity=Severity.ERROR,
    meaning="A line of a JSON file is not one JSON object in valid UTF-8.",
    why="Readers stop at it or skip it silently, and with it the record is lost.",
    causes=(
        "the last line was cut off",
        "bytes changed in storage or on the way",
        "a tool joined, split or re-encoded lines",
        "the file is one JSON array instead of a line for each record",
    ),
    remedy=(
        "Look at the line or offset given in the evidence, and have the run exported again. If the same "
        "source record fails again, report it to Adobe with the run id."
    ),
)

FILE_DUPLICATE = FindingType(
    code="file-duplicate",
    family="file",
    severity=Severity.WARNING,
    meaning="Two data files of one export hold the same contents.",
    why="A restore loads these records twice.",
    causes=(
        "a retried task of the writing job left both attempts",
        "a second delivery into the same folder",
        "a file was copied by hand",
    ),
    remedy=(
        "Compare the `tid` and uuid in both names and restore only the files of one write; the evidence "
        "says what the record total is without the second file."
    ),
)

FILE_UNVERIFIABLE = FindingType(
    code="file-unverifiable",
    family="file",
    severity=Severity.WARNING,
    meaning="A data file could not be checked; it is counted neither as good nor as bad.",
    why="Nobody knows whether it can be restored.",
    causes=(
        "a missing right, throttling or a time-out while reading",
        "encryption, or a feature that the decoder does not support",
        "one decoder refuses the file and no second one confirms it",
        "the file changed while it was read",
    ),
    remedy=(
        "Read the reason in the evidence. After throttling, time-outs or a change waiting helps: the next "
        "audit tries again. Otherwise give the missing right, or check the file by restoring it with its "
        "key or its own tool."
    ),
)

FILE_ARCHIVED = FindingType(
    code="file-archived",
    family="file",
    severity=Severity.WARNING,
    meaning="A data file lies in a storage class that must be restored before it can be read.",
    why="It cannot be checked, and a restore has to wait hours for it.",
    causes=("a lifecycle rule moved the export to an archive class (Glacier, Deep Archive, Archive tier)",),
    remedy=(
        "Restore the object to a readable class if it must be checked now, or let the lifecycle rule move "
        "exports only after they were audited. Waiting alone does not help."
    ),
)
