"""Records -> the bytes of a data file, as a Spark writer would leave them. pyarrow is imported when first needed."""

import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from auditor.worlds.records import Record, make_records


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a data file holds: enough to render the same bytes at any time, so that worlds stay small in memory."""

    seed: str
    kind: str  # "events" | "profiles"
    format: str  # "json" | "parquet"
    compression: str  # "gzip" | "none"; plain Parquet has Snappy pages
    rows: int
    since: datetime  # records fall into since <= time < until
    until: datetime
    extra_column: bool = False  # Parquet: a column that the others do not have

    @property
    def extension(self) -> str:
        if self.format == "json":
            return "json.gz" if self.compression == "gzip" else "json"
        return "gz.parquet" if self.compression == "gzip" else "parquet"


@lru_cache(maxsize=256)
def render_part(recipe: Recipe) -> bytes:
    """The bytes of a sound data file; the same recipe gives the same bytes."""
    records = make_records(recipe.seed, recipe.kind, recipe.rows, recipe.since, recipe.until)
    if recipe.format == "parquet":
        return _parquet(records, recipe)
    text = b"".join(render_line(record) for record in records)
    return gzip.compress(text, compresslevel=6, mtime=0) if recipe.compression == "gzip" else text


def render_line(record: Record) -> bytes:
    """One NDJSON line, as Spark writes it: no spaces, absent fields left out."""
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _parquet(records: Sequence[Record], recipe: Recipe) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _events_schema() if recipe.kind == "events" else _profiles_schema()
    rows = [_for_arrow(record) for record in records]
    if recipe.extra_column:
        schema = schema.append(pa.field("_newField", pa.string()))
        rows = [{**row, "_newField": f"value {number}"} for number, row in enumerate(rows)]
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_pylist(rows, schema=schema),
        sink,
        compression="gzip" if recipe.compression == "gzip" else "snappy",
        write_page_checksum=True,
        store_schema=False,
    )
    return sink.getvalue()


def _for_arrow(record: Record) -> dict[str, Any]:
    """Instants as datetimes and maps as pairs, as pyarrow wants them."""
    row: dict[str, Any] = dict(record)
    row["identityMap"] = list(row["identityMap"].items())
    if "timestamp" in row:
        row["timestamp"] = datetime.fromisoformat(row["timestamp"])
    return row


def _identity_map() -> Any:
    import pyarrow as pa

    identity = pa.struct([("id", pa.string()), ("authenticatedState", pa.string()), ("primary", pa.bool_())])
    return pa.map_(pa.string(), pa.list_(identity))


def _events_schema() -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    count = pa.struct([("value", number)])
    order = pa.struct([("purchaseID", text), ("priceTotal", number), ("currencyCode", text)])
    page = pa.struct([("name", text), ("URL", text), ("pageViews", count)])
    item = pa.struct([("SKU", text), ("quantity", pa.int32()), ("priceTotal", number)])
    return pa.schema(
        [
            pa.field("_id", text, nullable=False),
            pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
            pa.field("eventType", text),
            pa.field("identityMap", _identity_map()),
            pa.field("web", pa.struct([("webPageDetails", page), ("webReferrer", pa.struct([("URL", text)]))])),
            pa.field("commerce", pa.struct([("order", order), ("purchases", count)])),
            pa.field("productListItems", pa.list_(item)),
        ]
    )


def _profiles_schema() -> Any:
    import pyarrow as pa

    text = pa.string()
    name = pa.struct([("firstName", text), ("lastName", text)])
    return pa.schema(
        [
            pa.field("_id", text, nullable=False),
            pa.field("_repo", pa.struct([("createDate", text), ("modifyDate", text)])),
            pa.field("identityMap", _identity_map()),
            pa.field("person", pa.struct([("name", name), ("birthYear", pa.int32())])),
            pa.field("personalEmail", pa.struct([("address", text)])),
            pa.field("loyalty", pa.struct([("tier", text), ("points", pa.int64())])),
            pa.field("segments", pa.list_(text)),
        ]
    )
