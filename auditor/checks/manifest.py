"""Findings about the manifest that Experience Platform can write beside an export."""

from auditor.model import FindingType, Severity

MANIFEST_MISSING = FindingType(
    code="manifest-missing",
    family="manifest",
    severity=Severity.ERROR,
    meaning="A manifest is configured, and none came with the export within its grace.",
    why="Without it nobody can say whether the files that are there are all that were written.",
    causes=(
        '"Include manifest file" is switched off in the dataflow',
        "the run stopped before it wrote the manifest",
        "the manifest was removed or lies outside the folder path",
    ),
    remedy=(
        'Check "Include manifest file" in the dataflow\'s target connection. If it is off, set `manifest: '
        "false`. If it is on, read the run of this due time and export again if it did not complete. The "
        "files are judged by themselves."
    ),
)

MANIFEST_UNREADABLE = FindingType(
    code="manifest-unreadable",
    family="manifest",
    severity=Severity.ERROR,
    meaning="A manifest is there, and its text is not a manifest.",
    why="Without it nobody can say whether the files that are there are all that were written.",
    causes=(
        "the upload of the manifest was cut short",
        "another tool wrote or changed a file of that name",
        "Adobe changed the form of manifests",
    ),
    remedy=(
        "Open the manifest named in the evidence. If it is cut off or empty, have the run exported again; "
        "if it has a new form, report it to the maintainers with the field names only."
    ),
)

MANIFEST_DUPLICATE = FindingType(
    code="manifest-duplicate",
    family="manifest",
    severity=Severity.WARNING,
    meaning="Several manifests speak of the same export.",
    why="They may disagree about which files belong to it, so a restore may take too few or too many.",
    causes=(
        "the run was retried or delivered twice",
        "two dataflows export to the same folder",
        "a manifest was copied by hand",
    ),
    remedy=(
        "Compare the run ids in the manifests' names with Dataflow runs, and restore by the manifest of "
        "the run that completed."
    ),
)

MANIFEST_FILE_MISSING = FindingType(
    code="manifest-file-missing",
    family="manifest",
    severity=Severity.ERROR,
    meaning="A file listed in the manifest is not in the export folder.",
    why="A restore from this folder loses that file's records and reports no error.",
    causes=(
        "the upload stopped half-way",
        "a lifecycle rule or a clean-up job removed the file",
        "a copy of the destination is not complete yet",
    ),
    remedy=(
        "Have the run exported again; until then the previous restore point is the newest. If the bucket "
        "is versioned, look for a deleted version of the file first. Waiting helps only while a copy job "
        "is still running."
    ),
)

MANIFEST_FILE_EXTRA = FindingType(
    code="manifest-file-extra",
    family="manifest",
    severity=Severity.WARNING,
    meaning="A data file lies in the export folder that its manifest does not list.",
    why="A restore that takes the whole folder may load records twice.",
    causes=(
        "a retried run left the files of its first attempt",
        "a second delivery wrote into the same folder",
        "the file was copied there by hand",
    ),
    remedy=(
        "Compare the transaction id (`tid-…`) in the file's name with those of the listed files. If it "
        "differs, the file is of another write: restore the listed files only."
    ),
)

MANIFEST_SIZE_MISMATCH = FindingType(
    code="manifest-size-mismatch",
    family="manifest",
    severity=Severity.ERROR,
    meaning="A file has another size than its manifest says.",
    why="The file is not the one that was exported: cut short, replaced or packed anew.",
    causes=(
        "the upload of the file was cut short",
        "the file was replaced by a second delivery or by hand",
        "a copy job or gateway compressed or unpacked the file",
    ),
    remedy=(
        "Have the run exported again and compare the sizes anew. If the file verifies as sound, look for a "
        "job that rewrites files on the way to this destination."
    ),
)

MANIFEST_RUN_MISMATCH = FindingType(
    code="manifest-run-mismatch",
    family="manifest",
    severity=Severity.WARNING,
    meaning="The dataflow run id in a manifest's name differs from the one in its text.",
    why="It is uncertain of which run the manifest speaks, so it cannot prove that this export is whole.",
    causes=(
        "the manifest was renamed or copied by hand",
        "a second delivery replaced the text and not the name",
    ),
    remedy=("Look up both run ids under Dataflow runs, and compare the listed files with the run of this due time."),
)
