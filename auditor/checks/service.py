"""Findings about the service itself."""

from auditor.model import FindingType, Severity

NOTICES_UNDELIVERED = FindingType(
    code="notices-undelivered",
    family="service",
    severity=Severity.WARNING,
    meaning="A channel does not deliver the notices that it is given.",
    why="Who relies on this channel is not told that an export is missing, and learns of it when it is needed.",
    causes=(
        "a key, token or address of the channel is wrong, was renewed, or has ended",
        "the receiver is down, throttles, or refuses what it is sent",
        "a firewall, a proxy or a certificate that is not trusted is in between",
    ),
    remedy=(
        "Check what the receiver answers: `export-auditor alerts test` sends it a test. Mend its key, address "
        "or network. Notices go to its `fallback` meanwhile; without one they wait, for seven days at most."
    ),
)
