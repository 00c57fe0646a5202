"""Findings about the files of one export: faults found by verification, doubles, formats and schemas."""

from collections.abc import Iterator, Mapping, Sequence

from auditor.checks import CATALOGUE
from auditor.checks.file import FILE_DUPLICATE, FILE_WRONG_COMPRESSION, FILE_WRONG_FORMAT
from auditor.checks.schema import SCHEMA_CHANGED, SCHEMA_MISMATCH
from auditor.model import Content, EvidenceValue, Fault, FileCheck, Finding, Flow, Scalar
from auditor.reconcile.subject import Subject

SHOWN = 20  # names listed in one finding's evidence; the count is always whole


def find_file_faults(subject: Subject, checks: Sequence[FileCheck]) -> Iterator[Finding]:
    """One finding per code; the files that show it are its evidence, the first one in full."""
    by_code: dict[str, list[tuple[FileCheck, Fault]]] = {}
    for check in checks:
        for fault in check.faults:
            by_code.setdefault(fault.code, []).append((check, fault))
    for code, shown in by_code.items():
        check, fault = shown[0]
        evidence: dict[str, EvidenceValue] = dict(fault.evidence)
        keys = list(dict.fromkeys(c.key for c, _ in shown))
        message = fault.message
        if len(keys) > 1:
            evidence |= {"files": list(keys[:SHOWN]), "file_count": len(keys)}
            message = f"{len(keys)} files; the first: {message}"
        yield subject.finding(CATALOGUE[code], message, key=check.key, evidence=evidence)


def find_unlike_configuration(subject: Subject, flow: Flow, checks: Sequence[FileCheck]) -> Iterator[Finding]:
    """Readable files of another format or compression than the flow is configured for."""
    sound = [c for c in checks if c.content is Content.SOUND]
    other_format = [c for c in sound if c.format and c.format is not flow.format]
    if other_format:
        yield subject.finding(
            FILE_WRONG_FORMAT,
            f"The flow is configured for {flow.format}, the files are {other_format[0].format}.",
            key=other_format[0].key,
            evidence={
                "configured": str(flow.format),
                "found": str(other_format[0].format),
                "file_count": len(other_format),
            },
        )
        return  # the compression of another format says nothing more
    already = {c.key for c in checks for f in c.faults if f.code == FILE_WRONG_COMPRESSION.code}
    other = [c for c in sound if c.compression and c.compression is not flow.compression and c.key not in already]
    if other:
        yield subject.finding(
            FILE_WRONG_COMPRESSION,
            f"The flow is configured for compression {flow.compression}, the files have {other[0].compression}.",
            key=other[0].key,
            evidence={
                "configured": str(flow.compression),
                "found": str(other[0].compression),
                "file_count": len(other),
            },
        )


def find_duplicates(subject: Subject, checks: Sequence[FileCheck]) -> Iterator[Finding]:
    """Files of one export with the same contents: a retried task that left both its files."""
    by_digest: dict[str, list[FileCheck]] = {}
    for check in checks:
        if check.digest and check.records:
            by_digest.setdefault(check.digest, []).append(check)
    doubles = [group for group in by_digest.values() if len(group) > 1]
    if not doubles:
        return
    extra = [check for group in doubles for check in group[1:]]
    total = sum(check.records or 0 for check in checks)
    twice = sum(check.records or 0 for check in extra)
    pairs: list[Scalar] = [f"{check.key} = {group[0].key}" for group in doubles for check in group[1:]]
    yield subject.finding(
        FILE_DUPLICATE,
        f"{len(extra)} of {len(checks)} files repeat the contents of another; {twice} records stand twice.",
        key=extra[0].key,
        evidence={
            "files": pairs[:SHOWN],
            "file_count": len(extra),
            "records": total,
            "records_without_duplicates": total - twice,
        },
    )


def find_schema_mismatch(subject: Subject, checks: Sequence[FileCheck]) -> Iterator[Finding]:
    """Parts of one export that disagree about their columns."""
    with_schema = [check for check in checks if check.schema]
    for check in with_schema[1:]:
        if check.schema != with_schema[0].schema:
            yield subject.finding(
                SCHEMA_MISMATCH,
                "The parts of this export do not have the same columns.",
                key=check.key,
                evidence={
                    "compared_with": with_schema[0].key,
                    **_differences(with_schema[0].schema, check.schema),
                },
            )
            return


def find_schema_change(subject: Subject, before: FileCheck | None, checks: Sequence[FileCheck]) -> Iterator[Finding]:
    """Columns that differ from the newest earlier export of the dataset."""
    after = next((check for check in checks if check.schema), None)
    if before and after and before.schema != after.schema:
        yield subject.finding(
            SCHEMA_CHANGED,
            "The columns differ from those of the export before.",
            key=after.key,
            evidence={"compared_with": before.key, **_differences(before.schema, after.schema)},
        )


def _differences(before: str, after: str) -> Mapping[str, EvidenceValue]:
    old, new = before.splitlines(), after.splitlines()
    gone: list[Scalar] = [line for line in old if line not in set(new)]
    come: list[Scalar] = [line for line in new if line not in set(old)]
    if not gone and not come:
        return {"order": "the columns stand in another order"}
    return {"only_before": gone[:SHOWN], "only_here": come[:SHOWN]}
