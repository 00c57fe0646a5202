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
