"""What a file is, by its name: data, manifest, sign of an upload, marker, to be ignored, or a stray."""

import re
from dataclasses import dataclass
from enum import StrEnum

_DATA = re.compile(r"part-.*|.*\.(?:json|json\.gz|parquet)", re.IGNORECASE | re.DOTALL)
_ENCRYPTED = re.compile(r"\.(?:pgp|gpg)\Z", re.IGNORECASE)
_MANIFEST = re.compile(r"manifest-.*\.json", re.IGNORECASE | re.DOTALL)
_UPLOADING = re.compile(
    r"\.azDownload-.*|.*\.(?:tmp|temp|part|partial|filepart|uploading|inprogress|_copying_)",
    re.IGNORECASE | re.DOTALL,
)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# part-<5 digit task>-tid-<int64>-<uuid>-<number>-<attempt>-c<3 digits>.<ext>, as Databricks' DBIO writes it
_SPARK = re.compile(
    rf"part-(?P<part>[0-9]+)-tid-(?P<tid>-?[0-9]+)-(?P<uuid>{_UUID})-(?P<number>[0-9]+)-(?P<attempt>[0-9]+)-c[0-9]+\..+",
    re.IGNORECASE,
)
_RUN_ID = re.compile(rf"manifest-.*?(?P<run>{_UUID})\.json", re.IGNORECASE | re.DOTALL)


class FileKind(StrEnum):
    DATA = "data"
    MANIFEST = "manifest"
    TEMPORARY = "temporary"  # an upload under way, or left half-way
    MARKER = "marker"  # stands for a folder only
    IGNORED = "ignored"  # a writer's own book-keeping: `_SUCCESS`, `_committed_…`, dot files
    STRAY = "stray"


@dataclass(frozen=True, slots=True)
class SparkName:
    """The parts of a name given by Experience Platform's writer."""

    part: int  # task; may have holes
    tid: str  # id of the writing transaction: two for one export are two writes
    uuid: str
    number: int
    attempt: int


def file_kind(rest: str, *, encrypted: bool = False) -> FileKind:
    """Say what a file is by `rest`, its key below the folder names of the layout.

    An upload's signs come first (`_temporary/` also as a marker), then markers, then what starts with `_`
    or `.` at any level. Encrypted or oddly compressed `part-…` files are data: verification judges them.
    `encrypted`: an ending `.pgp` or `.gpg` is what encryption has put behind the name.
    """
    *folders, name = rest.split("/")
    if "_temporary" in (*folders, name) or _UPLOADING.fullmatch(name):
        return FileKind.TEMPORARY
    # `..` from a hostile writer is a name like any other here: it hides nothing and leads nowhere.
    if any(part.startswith(("_", ".")) and part not in (".", "..") for part in (*folders, name)):
        return FileKind.IGNORED
    if not name or name.endswith("_$folder$"):
        return FileKind.MARKER
    if _MANIFEST.fullmatch(name):
        return FileKind.MANIFEST
    plain = _ENCRYPTED.sub("", name) if encrypted else name
    return FileKind.DATA if _DATA.fullmatch(plain) else FileKind.STRAY


def spark_name(name: str) -> SparkName | None:
    """The parts of `name`; None if it is not named as Experience Platform names files."""
    match = _SPARK.fullmatch(name)
    if match is None:
        return None
    return SparkName(
        int(match["part"]), match["tid"], match["uuid"].lower(), int(match["number"]), int(match["attempt"])
    )


def run_id_in_name(name: str) -> str:
    """The flow run id in `manifest-<destination id>-<flow run id>.json`; "" if there is none."""
    match = _RUN_ID.fullmatch(name)
    return match["run"].lower() if match else ""
