"""What a destination refused, as one finding: the errors of the protocol against the access family."""

from adapters.base import (
    AccessDenied,
    Adapter,
    ClockSkew,
    CredentialExpired,
    DestinationError,
)
from auditor.model import FileCheck
from auditor.reconcile.places import Trouble
from auditor.verify.reasons import Reason

CODE_OF_ERROR: tuple[tuple[type[DestinationError], str], ...] = (
    (AccessDenied, "access-denied"),
    (CredentialExpired, "credential-expired"),
    (ClockSkew, "clock-skew"),
    (DestinationError, "destination-unreachable"),
)
"""First match wins. A root or bucket that is not there is unreachable, never empty."""

CODE_OF_REASON = {
    Reason.ACCESS_DENIED: "access-denied",
    Reason.CREDENTIAL_EXPIRED: "credential-expired",
    Reason.CLOCK_SKEW: "clock-skew",
    Reason.THROTTLED: "destination-unreachable",
    Reason.UNREACHABLE: "destination-unreachable",
    Reason.UNSUPPORTED_DESTINATION: "destination-unreachable",
}

HOPELESS = frozenset({Reason.CREDENTIAL_EXPIRED, Reason.CLOCK_SKEW, Reason.UNREACHABLE, Reason.THROTTLED})
"""Reasons that speak of the destination, not of one file: after a row of them the rest need not be tried."""


def trouble_of(error: DestinationError, adapter: Adapter | None) -> Trouble:
    """A failed listing as what it means for the audit."""
    code = next(code for kind, code in CODE_OF_ERROR if isinstance(error, kind))
    rights = adapter.traits.rights if adapter else ()
    return Trouble(code, str(error), error.operation, error.key, error.request_id, rights)


def trouble_of_platform(error: DestinationError) -> Trouble:
    """A platform that could not be asked."""
    code = next(code for kind, code in CODE_OF_ERROR if isinstance(error, kind))
    code = "flow-service-unreachable" if code == "destination-unreachable" else code
    return Trouble(code, str(error), error.operation, error.key, error.request_id)


def trouble_of_check(check: FileCheck, adapter: Adapter) -> Trouble | None:
    """A file that could not be read because of its destination; None for any other check."""
    code = CODE_OF_REASON.get(Reason(check.reason)) if check.reason else None
    if code is None:
        return None
    return Trouble(code, str(check.facts.get("error", check.reason)), "read", check.key, "", adapter.traits.rights)
