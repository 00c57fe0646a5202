"""Why a file can be `unverifiable`: the listed set, and nothing else."""

from enum import StrEnum

from adapters import base


class Reason(StrEnum):
    """`FileCheck.reason` of an unverifiable file. Any other cause is a defect of ours."""

    # the destination would not give the bytes
    CHANGED = "changed"  # replaced, or grown, since it was listed
    VANISHED = "vanished"
    ACCESS_DENIED = "access-denied"
    CREDENTIAL_EXPIRED = "credential-expired"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    ARCHIVED = "archived"  # must be restored before it can be read
    CLOCK_SKEW = "clock-skew"
    UNSUPPORTED_DESTINATION = "unsupported-destination"  # does not speak what is needed
    DESTINATION_REFUSED = "destination-refused"  # an answer that its adapter has no name for

    # we have the bytes and cannot judge them
    ENCRYPTED = "encrypted"
    UNSUPPORTED_FEATURE = "unsupported-feature"  # a codec or encoding that our decoders do not know
    DECODER_LIMIT = "decoder-limit"  # beyond a documented limit: line length, footer size, ...
    ONE_DECODER_REFUSED = "one-decoder-refused"  # no second decoder agrees: no proof
    READS_DISAGREE = "reads-disagree"  # two reads, two different faults: no proof

    # the worker did not come back
    DECODER_CRASHED = "decoder-crashed"
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"


DECODER_REASONS = frozenset(
    {
        Reason.ENCRYPTED,
        Reason.UNSUPPORTED_FEATURE,
        Reason.DECODER_LIMIT,
        Reason.ONE_DECODER_REFUSED,
        Reason.READS_DISAGREE,
        Reason.DECODER_CRASHED,
        Reason.TIMED_OUT,
        Reason.OUT_OF_MEMORY,
    }
)
"""Reasons that lie with the file or its decoder; they come with a `file-unverifiable` fault.

The others lie with the destination, which has findings of its own.
"""

_BY_ERROR: dict[type[base.DestinationError], Reason] = {
    base.NotFound: Reason.VANISHED,
    base.AccessDenied: Reason.ACCESS_DENIED,
    base.CredentialExpired: Reason.CREDENTIAL_EXPIRED,
    base.Throttled: Reason.THROTTLED,
    base.Unreachable: Reason.UNREACHABLE,
    base.Changed: Reason.CHANGED,
    base.RangeRefused: Reason.CHANGED,  # we ask inside the listed size only: the object has shrunk
    base.Archived: Reason.ARCHIVED,
    base.ClockSkew: Reason.CLOCK_SKEW,
    base.Unsupported: Reason.UNSUPPORTED_DESTINATION,
}


def reason_of(error: base.DestinationError) -> Reason:
    """The reason that stands for `error`; a kind without a name of its own is DESTINATION_REFUSED."""
    for kind in type(error).__mro__:
        if kind in _BY_ERROR:
            return _BY_ERROR[kind]
    return Reason.DESTINATION_REFUSED
