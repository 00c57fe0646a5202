"""What a reading of a JSON file has to say, in words and evidence. Never record contents."""

from auditor.model import Compression, Evidence, EvidenceValue, Fault, FileFormat
from auditor.verify.lines import BadLine
from auditor.verify.names import promise_of
from auditor.verify.ndjson import Reading

__all__ = ["describe_bad_lines", "describe_text", "judge_name", "name_foreign"]

_HEAD_SHOWN = 8  # bytes of a foreign file, in hex: a format's mark is no record content


def describe_text(reading: Reading) -> Evidence:
    """The facts of one reading: what is unusual and no fault."""
    facts: dict[str, EvidenceValue] = {"text_bytes": reading.text_bytes}
    if reading.members > 1:
        facts["gzip_members"] = reading.members
    if reading.padding_bytes:
        facts["padding_bytes"] = reading.padding_bytes
    if reading.judge.byte_order_mark:
        facts["byte_order_mark"] = True
    if reading.judge.records and not reading.judge.final_newline:
        facts["final_newline"] = False
    for remark, count in sorted(reading.judge.remarks.counts.items()):
        facts[remark] = count  # lines
        facts[f"{remark}_first_line"] = reading.judge.remarks.first[remark]
    return facts


def judge_name(name: str, reading: Reading) -> tuple[Fault, ...]:
    """`file-wrong-compression`, if name and bytes disagree on it."""
    promised, found = promise_of(name).compression, reading.compression
    if promised is None or promised is found:
        return ()
    told = {Compression.GZIP: "gzip", Compression.NONE: "plain text"}
    return (
        Fault(
            "file-wrong-compression",
            f"The name says {told[promised]}, the file is {told[found]}.",
            {"promised": promised.value, "found": found.value},
        ),
    )


def name_foreign(name: str, reading: Reading) -> tuple[Fault, ...]:
    """`file-wrong-format`: the first bytes are those of something else."""
    promise = promise_of(name)
    promised = promise.format.value if promise.format else FileFormat.JSON.value
    found = reading.mark or "unknown"
    told = f"{found} data" if reading.mark else "neither JSON nor Parquet"
    return (
        Fault(
            "file-wrong-format",
            f"The name says {promised}, the file is {told}.",
            {"promised": promised, "found": found, "first_bytes": reading.head[:_HEAD_SHOWN].hex(" ")},
        ),
    )


def describe_bad_lines(reading: Reading) -> tuple[Fault, ...]:
    """`record-invalid` for lines that are not one object, `file-truncated` for a last one that lacks its end."""
    judge = reading.judge
    cut = judge.cut_record
    faults: list[Fault] = []
    if judge.bad_lines > (1 if cut else 0):
        faults.append(_invalid(reading, judge.bad[0]))
    if cut:
        faults.append(_cut(reading, cut))
    return tuple(faults)


def _invalid(reading: Reading, bad: BadLine) -> Fault:
    judge = reading.judge
    evidence: dict[str, EvidenceValue] = {
        "line": bad.line,
        "line_starts_at": bad.starts_at,
        "offset": bad.offset,  # bytes of the decoded text
        "bad_lines": judge.bad_lines,
        "bad_lines_first": [each.line for each in judge.bad],
        "records_readable": judge.records,
        "rest_readable": None if judge.gave_up or reading.too_long else True,
    }
    more = f" {judge.bad_lines} lines are bad, at least." if judge.gave_up else ""
    return Fault("record-invalid", f"Line {bad.line} {bad.what}.{more}", evidence)


def _cut(reading: Reading, cut: BadLine) -> Fault:
    return Fault(
        "file-truncated",
        f"The file ends inside the record of line {cut.line}.",
        {
            "line": cut.line,
            "line_starts_at": cut.starts_at,
            "offset": cut.offset,
            "records_readable": reading.judge.records,
        },
    )
