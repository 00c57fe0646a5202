"""Findings about where exports lie."""

from auditor.model import FindingType, Severity

FOLDER_MALFORMED = FindingType(
    code="folder-malformed",
    family="layout",
    severity=Severity.WARNING,
    meaning="A folder where exports belong has a name that cannot be read as an export time or dataset.",
    why="Its files are matched to no run, so nobody would restore from them.",
    causes=(
        "the folder name template of the dataflow differs from `folder_template`",
        "the folder was renamed or copied by hand",
        "the digits name no real date",
    ),
    remedy=(
        "Compare `folder_template` in the configuration with the dataflow's folder name template. Give a "
        "renamed folder its old name back (`exportTime=` and 12 or 14 digits, UTC), or move it out of the "
        "folder path."
    ),
)

FOLDER_EMPTY = FindingType(
    code="folder-empty",
    family="layout",
    severity=Severity.WARNING,
    meaning="An export folder holds no data file.",
    why="The run looks delivered, but nothing can be restored from it.",
    causes=(
        "the run had nothing new to export",
        "the upload stopped before its first file",
        "a lifecycle rule or a clean-up job removed the files and left the folder",
    ),
    remedy=(
        "Look up the run under Dataflow runs: with 0 records, nothing is to be done, and `empty_runs: "
        "folder` says that such folders are normal. With records, search the destination's lifecycle rules "
        "and export the dataset again."
    ),
)

STRAY_OBJECT = FindingType(
    code="stray-object",
    family="layout",
    severity=Severity.INFO,
    meaning="Objects lie below the folder path that are neither data, manifest nor a known leftover.",
    why="A restore that reads the folder as a whole may stumble over them.",
    causes=(
        "files placed by hand or by another tool",
        "another product writes to the same folder path",
        "the exports have another file format than the one configured",
    ),
    remedy=("Move the objects out of the folder path if they are yours; otherwise find out which product writes them."),
)

UNKNOWN_DATASET = FindingType(
    code="unknown-dataset",
    family="layout",
    severity=Severity.WARNING,
    meaning="Exports of a dataset are there that no configured flow names.",
    why="Nobody is told when these exports stop or break.",
    causes=(
        "the dataset was added to the dataflow and not to the configuration",
        "another dataflow exports to the same folder path",
        "a dataset id in the configuration is mistyped",
        "the dataset was dropped from the flow and its old exports are still there",
    ),
    remedy=(
        "Add the dataset id to `datasets` of the flow that exports it, or remove the exports if the "
        "dataset is no longer backed up."
    ),
)

DESTINATION_EMPTY = FindingType(
    code="destination-empty",
    family="layout",
    severity=Severity.ERROR,
    meaning="Nothing lies below the folder path of a destination that can be listed.",
    why="Either no export ever arrived, or the auditor looks in the wrong place and protects nothing.",
    causes=(
        "`folder` differs from the folder path typed in Experience Platform, often in case or a slash",
        "`bucket` or `root` names another place than the dataflow writes to",
        "all exports were removed, for example by a lifecycle rule",
        "the first run is not due yet or has failed",
    ),
    remedy=(
        "Compare `folder` with the folder path shown in Experience Platform (Destinations > Browse > the "
        "dataflow > right panel); the evidence names the nearest folder that does exist. If both agree, "
        "read the dataflow's runs."
    ),
)
