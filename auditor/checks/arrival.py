"""Findings about when exports arrive."""

from auditor.model import FindingType, Severity

EXPORT_MISSING = FindingType(
    code="export-missing",
    family="arrival",
    severity=Severity.ERROR,
    meaning="No export folder stands in the destination for a due run, and its deadline is over.",
    why="Data of this run is in no backup; whether a later increment carries it is not documented by Adobe.",
    causes=(
        "the dataflow run failed or was skipped in Experience Platform",
        "the dataflow is disabled, was edited or has reached its end date",
        "the destination's credentials or bucket policy in Experience Platform no longer allow writing",
        "the run had nothing new to export and left no folder (see the setting empty_runs)",
        "the folder was removed or moved before it was audited",
    ),
    remedy=(
        "Open the dataflow under Destinations > Browse > Dataflow runs and read the run of this due time. "
        "If it failed, mend the cause and export the dataset again: nothing later is proven to fill the "
        "hole, so a new full export is the safe way. If it is still running, wait: runs may stay open "
        "about four hours, and a folder that comes later turns this into export-late."
    ),
)

EXPORT_LATE = FindingType(
    code="export-late",
    family="arrival",
    severity=Severity.WARNING,
    meaning="An export is not there, or was not there, when its grace ended.",
    why="Until it is there, a restore reaches back one run further than planned.",
    causes=(
        "the run started late or was retried by Experience Platform",
        "more data than usual, as after a backfill or an ingestion peak",
        "the grace is shorter than this flow usually needs",
    ),
    remedy=(
        "Wait until the deadline if no folder has arrived yet: it then becomes export-missing by itself. "
        "If it is late again and again, compare the run's start with its due time under Dataflow runs, and "
        "raise `grace` of the flow if that delay is acceptable."
    ),
)

EXPORT_EARLY = FindingType(
    code="export-early",
    family="arrival",
    severity=Severity.INFO,
    meaning="An export arrived before its due time by more than the clocks may differ.",
    why="It may lack the newest data of its interval, or belong to another schedule than the one configured.",
    causes=(
        "the schedule in the configuration differs from that of the dataflow",
        "an on-demand export ran shortly before the scheduled one",
        "a clock is wrong",
    ),
    remedy=(
        "Compare `schedule` in the configuration with the dataflow's schedule in Experience Platform. If "
        "the flow was edited, add the new schedule to the list with its own `start`, so that the past "
        "keeps its verdicts."
    ),
)

EXPORT_UNEXPECTED = FindingType(
    code="export-unexpected",
    family="arrival",
    severity=Severity.WARNING,
    meaning="An export folder is there that no due time of the schedule asked for.",
    why="A restore that takes every folder reads it too; and an unknown schedule is one that nobody watches.",
    causes=(
        "an on-demand export",
        "the dataflow's schedule was edited and the configuration was not",
        "another dataflow writes the same dataset to the same place",
        "Experience Platform delivered a run far outside its window",
    ),
    remedy=(
        "Look for an on-demand run at this time under Dataflow runs; then nothing is to be done. Otherwise "
        "bring `schedule` in the configuration in line with the dataflow."
    ),
)

EXPORT_DUPLICATE = FindingType(
    code="export-duplicate",
    family="arrival",
    severity=Severity.WARNING,
    meaning="A second export folder stands beside the one that was matched to a due run.",
    why="A restore that takes both loads the same records twice.",
    causes=(
        "Experience Platform retried a run that had already delivered",
        "an on-demand export ran close to the scheduled one",
        "two dataflows export the same dataset to the same place",
    ),
    remedy=(
        "Compare the record counts of both folders and restore from one of them only. If it repeats, look "
        "for a second dataflow that exports this dataset to this destination and end one of the two."
    ),
)

EXPORT_STUCK = FindingType(
    code="export-stuck",
    family="arrival",
    severity=Severity.WARNING,
    meaning="An export folder still changes although its deadline is over.",
    why="It cannot be judged, nor safely restored from, while files in it come and go.",
    causes=(
        "the upload is still under way or is being retried",
        "a copy or synchronisation job rewrites the files",
        "temporary upload files were left behind",
    ),
    remedy=(
        "Wait for the next audit: it judges the folder once nothing has changed for `settle`. If it never "
        "settles, look for a job of your own that writes below the folder path, and for temporary files in "
        "the folder."
    ),
)

PROTECTION_STALE = FindingType(
    code="protection-stale",
    family="arrival",
    severity=Severity.CRITICAL,
    meaning="The newest sound export of a dataset is older than its allowed age.",
    why="A loss of the dataset now would lose everything since that export.",
    causes=(
        "several runs in a row are missing or damaged",
        "the dataflow was disabled or has reached its end date",
        "the exports go to another place than the one configured",
    ),
    remedy=(
        "Check in Experience Platform that the dataflow is enabled and not past its end date, then read "
        "its newest runs. Export the dataset again as soon as the cause is mended. Waiting helps only if a "
        "run is under way now."
    ),
)
