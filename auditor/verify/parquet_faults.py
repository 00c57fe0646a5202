"""What can come of looking at a Parquet file, as exceptions that travel from bytes to verdict."""

from auditor.model import Evidence, EvidenceValue, Fault
from auditor.verify.reasons import Reason


class Damage(Exception):
    """A proven fault of one read: a length, checksum, count or container fault. A second read decides."""

    def __init__(self, code: str, message: str, **evidence: EvidenceValue) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.evidence = dict(evidence)

    def fault(self, **more: EvidenceValue) -> Fault:
        """The finding-to-be, with `more` evidence."""
        return Fault(self.code, self.message, {**self.evidence, **more})

    def placed(self, **place: EvidenceValue) -> "Damage":
        """The same fault, saying also where it is."""
        return type(self)(self.code, self.message, **{**place, **self.evidence})

    @property
    def identity(self) -> tuple[object, ...]:
        """What two reads must have in common to have seen the same fault."""
        return (
            self.code,
            self.message,
            *(self.evidence.get(k) for k in ("row_group", "column", "offset", "row", "actual", "page_crc")),
        )


class Refusal(Exception):
    """A decoder will not read what nothing else proves wrong. Two decoders are needed for damage."""

    def __init__(self, decoder: str, message: str) -> None:
        super().__init__(message)
        self.decoder = decoder  # name and version
        self.message = message
        self.digest = b""  # of the bytes that were refused; empty where the footer was


class Uncheckable(Exception):
    """The file cannot be judged: neither good nor bad."""

    def __init__(self, reason: Reason, message: str, **evidence: EvidenceValue) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.evidence: Evidence = dict(evidence)
