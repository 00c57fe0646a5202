"""Short words for the tables of this folder: runs, folders and sights on one October day."""

from datetime import UTC, datetime, timedelta

from auditor.model import (
    Compression,
    Content,
    Dataset,
    DestinationFacts,
    ExpectedRun,
    ExportFolder,
    FileCheck,
    FileFormat,
    Flow,
    Level,
    Manifest,
    ManifestEntry,
    Mode,
    RunKey,
    RunKind,
    Schedule,
    StoredFile,
    Windows,
)
from auditor.reconcile.dataset import Chain
from auditor.reconcile.matching import match_folders
from auditor.reconcile.sight import FolderSight

DATASET = "5ef3e324052581191aa6a466"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WINDOWS = Windows(early=10 * MINUTE, grace=150 * MINUTE, deadline=6 * HOUR, settle=15 * MINUTE)
FLOW = Flow(
    name="web-3h",
    destination="lake",
    datasets=(Dataset(DATASET, "Web events"),),
    schedules=(Schedule(start=datetime(2026, 10, 1, tzinfo=UTC), every=3 * HOUR),),
    mode=Mode.FULL,
    windows=dict.fromkeys(RunKind, WINDOWS),
)
PLACE = DestinationFacts("lake", "backups")


def at(text: str) -> datetime:
    """`"09:00"` on 1 October 2026, `"2T09:00"` on the 2nd, `"09:00:01"` with seconds; UTC."""
    day, _, clock = text.rpartition("T")
    return datetime.fromisoformat(f"2026-10-{int(day or 1):02d}T{clock}").replace(tzinfo=UTC)


def run(due: str, windows: Windows = WINDOWS) -> ExpectedRun:
    moment = at(due)
    return ExpectedRun(
        RunKey("web-3h", DATASET, "lake", moment),
        RunKind.FREQUENT,
        moment - windows.early,
        moment + windows.grace,
        moment + windows.deadline,
        windows.settle,
    )


def folder(export_time: str, *files: StoredFile, **parts: tuple[StoredFile, ...]) -> ExportFolder:
    moment = at(export_time)
    prefix = f"backups/{DATASET}/exportTime={moment:%Y%m%d%H%M%S}/"
    return ExportFolder("lake", prefix, DATASET, moment, files, **parts)


def named(folder: ExportFolder, name: str, modified: str, size: int = 100) -> StoredFile:
    return StoredFile(folder.prefix + name, size, at(modified), "v1")


def with_files(export_time: str, modified: str, names: tuple[str, ...] = ("part-00000.json.gz",)) -> ExportFolder:
    empty = folder(export_time)
    return folder(export_time, *(named(empty, name, modified) for name in names))


def sound(file: StoredFile, **changes: object) -> FileCheck:
    values: dict[str, object] = {
        "key": file.key,
        "content": Content.SOUND,
        "level": Level.L3,
        "format": FileFormat.JSON,
        "compression": Compression.GZIP,
        "records": 10,
        "digest": file.key,
    }
    return FileCheck(**(values | changes))  # type: ignore[arg-type]


def manifest_of(folder: ExportFolder, *entries: tuple[str, int], name: str = "manifest-f-r.json", run_id: str = "r"):
    file = named(folder, name, f"{folder.export_time:%-dT%H:%M}", 50)
    path = "/" + folder.prefix.strip("/")
    return Manifest(file, run_id, folder.export_time, tuple(ManifestEntry(path, n, size) for n, size in entries))


def sight(of: ExportFolder, **changes: object) -> FolderSight:
    values = {"checks": {file.key: sound(file) for file in of.files}, "destination_folder": "backups"} | changes
    return FolderSight(of, **values)  # type: ignore[arg-type]


def chain(runs: list[ExpectedRun], sights: list[FolderSight], now: str, **changes: object) -> Chain:
    match = match_folders(runs, [s.folder for s in sights], now=at(now))
    values: dict[str, object] = {
        "flow": FLOW,
        "dataset": DATASET,
        "place": PLACE,
        "match": match,
        "sights": {s.folder.prefix: s for s in sights},
        "max_age": 12 * HOUR,
        "max_age_is_default": True,
    }
    return Chain(**(values | changes))  # type: ignore[arg-type]
