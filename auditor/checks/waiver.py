"""Findings about waivers: what is put up with must not be forgotten."""

from auditor.model import FindingType, Severity

WAIVER_EXPIRED = FindingType(
    code="waiver-expired",
    family="waiver",
    severity=Severity.WARNING,
    meaning="A waiver has expired, and what it put up with is still there.",
    why="Its findings count again: what was a planned exception for a while is now a gap that nobody planned.",
    causes=(
        "the work that the waiver waited for was not done in time",
        "the waiver was made for a shorter time than the exception lasts",
    ),
    remedy=(
        "Have the findings it names mended. If they must be put up with for longer, set a later `until` and say in "
        "`reason` why."
    ),
)

WAIVER_UNUSED = FindingType(
    code="waiver-unused",
    family="waiver",
    severity=Severity.INFO,
    meaning="A waiver matches no finding.",
    why="Left in place, it would hide the next real fault that happens to match.",
    causes=(
        "what it put up with is mended",
        "a name or pattern in `match` is mistyped, or a flow was renamed",
    ),
    remedy="Compare its `match` with the finding it was meant for; remove the waiver if that is gone.",
)
