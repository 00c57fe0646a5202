"""Findings about whether a dataset goes on being protected."""

from auditor.model import FindingType, Severity

FLOW_ENDED = FindingType(
    code="flow-ended",
    family="protection",
    severity=Severity.ERROR,
    meaning="A flow has passed its end date; no more exports are due.",
    why=("Everything that comes into its datasets from now on is in no backup, and Experience Platform says nothing."),
    causes=(
        "flows created by API without an end date end six months after their creation",
        "the end date typed in Experience Platform has come",
        "the dataflow was prolonged and `end` in the configuration was not",
    ),
    remedy=(
        "Set a later end date in the dataflow's scheduling step and the same `end` in the configuration; "
        "then start a full export for the gap. If the flow is not needed any more, remove it from the "
        "configuration. Waiting does not help."
    ),
)

FLOW_DISABLED = FindingType(
    code="flow-disabled",
    family="protection",
    severity=Severity.ERROR,
    meaning="A flow of the configuration is switched off in Experience Platform.",
    why="Nothing is exported while it is off: what comes into its datasets meanwhile is in no backup.",
    causes=(
        "a person disabled the dataflow, or it was never enabled after it had been set up",
        "Experience Platform disabled it after an end date or a fault of its destination",
        "the configuration still names a flow that another one has replaced",
    ),
    remedy=(
        "Open the dataflow under Destinations > Browse and enable it; then export the datasets in full for the gap. If "
        "it is meant to be off, remove it from the configuration or waive the finding with the reason. Waiting does "
        "not help."
    ),
)

PROTECTION_WEAKENED = FindingType(
    code="protection-weakened",
    family="protection",
    severity=Severity.WARNING,
    meaning="A flow protects less than it did, or less than the configuration says.",
    why="A restore reaches back further, or lacks datasets, and nobody may have meant that.",
    causes=(
        "the dataflow was edited: a sparser schedule, an earlier end, another place, format or compression",
        "a dataset was taken out of it",
        "the dataflow was deleted",
        "the configuration says more than the dataflow ever did",
    ),
    remedy=(
        "Compare before and after in the evidence with the dataflow in Experience Platform, and set it back if nobody "
        "meant the change. If it is meant, bring the configuration in line and waive the finding with the reason; it "
        "ends by itself when the flow protects as much as before."
    ),
)

FLOW_UNMATCHED = FindingType(
    code="flow-unmatched",
    family="protection",
    severity=Severity.WARNING,
    meaning="A flow of Experience Platform and the configuration do not find each other.",
    why="What the flow exports is not audited, or what is audited is held against no run record.",
    causes=(
        "the flow writes to a bucket or folder that no destination of the configuration names",
        "the `flow_id` of the configuration is mistyped, or of another sandbox",
        "the flow was deleted and made anew, with another id",
        "its schedule or its datasets could not be read, or have a form that is not documented",
    ),
    remedy=(
        "Add a destination of the type, bucket and folder path in the evidence to the configuration, or set `flow_id` "
        "and `experience_platform` of the flow as its page in Experience Platform shows them."
    ),
)

FLOW_DIFFERS = FindingType(
    code="flow-differs",
    family="protection",
    severity=Severity.INFO,
    meaning="The configuration describes a flow otherwise than Experience Platform does, and not as more than it is.",
    why="Exports that nobody expects are called unexpected, and datasets that are exported are not audited.",
    causes=(
        "the dataflow was edited and the configuration was not",
        "a dataset was added to the dataflow",
    ),
    remedy=(
        "Bring the flow in the configuration in line with the evidence; a new schedule goes to the end of the list, "
        "with its own `start`, so that the past keeps its verdicts."
    ),
)

DATASET_UNPROTECTED = FindingType(
    code="dataset-unprotected",
    family="protection",
    severity=Severity.WARNING,
    meaning="Datasets of Experience Platform that can be exported are in no enabled flow.",
    why="What is in no export cannot be restored: only Experience Platform itself has these records.",
    causes=(
        "the dataset was made after the flows were set up, and nobody added it",
        "the flow that exported it was disabled or deleted, or has passed its end date",
        "it was taken out of its flow, or moved to a flow that exports only once",
    ),
    remedy=(
        "Add the dataset to an enabled flow (Destinations > Browse > the dataflow > Export datasets); its first export "
        "holds all of it. If it needs no backup, waive the finding with the reason: "
        "`match: {code: dataset-unprotected, dataset: …}`. Waiting does not help."
    ),
)

FLOW_ENDING = FindingType(
    code="flow-ending",
    family="protection",
    severity=Severity.WARNING,
    meaning="A flow has an end date that comes soon; after it nothing more is exported.",
    why="Exports stop silently: Experience Platform tells nobody, and what comes in afterwards is in no backup.",
    causes=(
        "flows created by API without an end date end six months after their creation",
        "the end date typed in the scheduling step comes near",
        "`end` in the configuration was not prolonged with the dataflow",
    ),
    remedy=(
        "Set a later end date in the dataflow's scheduling step, or none, and the same `end` in the configuration, "
        "before the date in the evidence. If the end is meant, waive the finding with the reason."
    ),
)

CREDENTIAL_EXPIRING = FindingType(
    code="credential-expiring",
    family="protection",
    severity=Severity.WARNING,
    meaning="A credential that the audit logs in with ends soon, and nothing renews it.",
    why="From then on nothing behind it can be checked: every export there is unknown, and a hole goes unseen.",
    causes=(
        "shared access signatures are given with an end (`se=`)",
        "session keys were copied into the configuration instead of a role that renews them",
    ),
    remedy=(
        "Renew the credential before the date in the evidence and put it where the configuration reads it; try it with "
        "`export-auditor destinations check`. For a Data Landing Zone, name `experience_platform` instead of a signed "
        "address: its credentials are then fetched anew. Experience Platform may use the same key: check its account."
    ),
)

EXPORT_EXPIRING = FindingType(
    code="export-expiring",
    family="protection",
    severity=Severity.WARNING,
    meaning="The newest sound export of a dataset is about to be removed by its destination, and none follows it.",
    why="When it is gone there is nothing left to restore the dataset from.",
    causes=(
        "exports after it are missing, damaged or incomplete, and the destination keeps each for a few days only",
        "the flow is over or disabled, and a Data Landing Zone deletes every file after seven days",
        "the job that copies exports out of the destination does not run",
    ),
    remedy=(
        "Bring the folder in the evidence, whole and with its manifest, to a place that keeps it, before it is gone. "
        "Then mend what keeps later exports from coming. Waiting loses it."
    ),
)
