"""One flow run in Adobe's shape.

The dataset run of the export-datasets page (no status, no counts of output) and the runs of the API reference are the
only ones that are documented; what a run does not tell is left out, as there.
"""

from collections.abc import Mapping
from datetime import datetime

from auditor.worlds.claimed import Amount, Record
from auditor.worlds.model import WorldFlow
from auditor.worlds.platform.stock import Entity, Stock, make_etag, make_id

FLOW_SPEC_OF_RUNS = "615d3489-36d2-4671-9467-4ae1129facd3"  # of Adobe's sample: no flow spec that is listed


def describe_run(stock: Stock, flow: WorldFlow, record: Record, *, source: str, target: str) -> Entity:
    """`record` as `GET /runs` gives it. `source` and `target`: ids of the flow's connections."""
    updated = record.ended or record.started
    client = {
        "createdBy": "aep_activation_batch@AdobeID",
        "createdClient": "aep_activation_batch",
    }
    return {
        **stock.owned(record.id, created_ms=_ms(record.created), updated_ms=_ms(updated)),
        **client,
        "flowId": flow.id,
        "flowSpec": {"id": FLOW_SPEC_OF_RUNS, "version": "1.0"},
        "providerRefId": make_id(record.id, "provider").replace("-", ""),
        "etag": make_etag(record.id),
        "metrics": _metrics(flow, record, source, target),
    }


def _metrics(flow: WorldFlow, record: Record, source: str, target: str) -> Entity:
    told: Entity = {"durationSummary": {"startedAtUTC": _ms(record.started)}}
    if record.ended is not None:
        told["durationSummary"]["completedAtUTC"] = _ms(record.ended)
    read, written = _sum(record.read), _sum(record.written)
    _put(told, "sizeSummary", inputBytes=read.bytes, outputBytes=written.bytes)
    records = _records(flow, record, source, target)
    if records:
        told["recordSummary"] = records
    _put(told, "fileSummary", inputFileCount=read.files, outputFileCount=written.files)
    if record.word:
        told["statusSummary"] = {"status": record.word}
        if record.errors:
            told["statusSummary"]["errors"] = _errors(record)
    return told


def _records(flow: WorldFlow, record: Record, source: str, target: str) -> Entity:
    read, written = _sum(record.read), _sum(record.written)
    told: Entity = {}
    if record.word == "failed":  # as in the reference: only the source says a number
        told["failedInfo"] = _errors(record)
    else:
        _fill(told, inputRecordCount=read.records, skippedRecordCount=0 if read.records is not None else None)
        _fill(told, createdRecordCount=written.records, outputRecordCount=written.records)
    lone = len(flow.datasets) == 1
    if record.read and not (lone and read == Amount()):
        told["sourceSummaries"] = [{"id": source, **_input(read), "entitySummaries": _entities(flow, record, "read")}]
    if record.written:
        told["targetSummaries"] = [
            {"id": target, **_output(written), "entitySummaries": _entities(flow, record, "written")}
        ]
    return told


def _entities(flow: WorldFlow, record: Record, side: str) -> list[Entity]:
    if flow.entities is None:
        return []
    amounts: Mapping[str, Amount] = getattr(record, side)
    tell = _input if side == "read" else _output
    return [{"id": f"{flow.entities}{dataset}", **tell(amount)} for dataset, amount in amounts.items()]


def _input(amount: Amount) -> Entity:
    return {} if amount.records is None else {"inputRecordCount": amount.records, "skippedRecordCount": 0}


def _output(amount: Amount) -> Entity:
    return {} if amount.records is None else {"createdRecordCount": amount.records, "outputRecordCount": amount.records}


def _errors(record: Record) -> list[Entity]:
    return [{"code": code, "message": message} for code, message in record.errors]


def _sum(amounts: Mapping[str, Amount]) -> Amount:
    """All datasets together; a number that one of them does not tell is not told."""
    columns = [[getattr(amount, name) for amount in amounts.values()] for name in ("records", "files", "bytes")]
    return Amount(*(None if not column or None in column else sum(column) for column in columns))


def _put(told: Entity, name: str, **numbers: int | None) -> None:
    given = {key: number for key, number in numbers.items() if number is not None}
    if given:
        told[name] = given


def _fill(told: Entity, **numbers: int | None) -> None:
    told |= {key: number for key, number in numbers.items() if number is not None}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
