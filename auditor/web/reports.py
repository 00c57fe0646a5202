"""Files of the report folders, and nothing else of the machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import HTTPException
from fastapi.responses import FileResponse, JSONResponse
from starlette.responses import Response

from auditor.settings import Config
from auditor.web.source import StateSource

__all__ = ["ReportFile", "add_reports", "list_reports"]

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".sha256": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
MOST_FILES = 2000  # that are looked at in one folder


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One file of a report folder, by the address it is served under."""

    name: str  # path below its folder
    address: str  # path below /
    written_at: datetime


def list_reports(config: Config) -> list[ReportFile]:
    """Every report there is, newest first. A folder that is not there yet has none."""
    found = [one for number, folder in enumerate(_folders(config), 1) for one in _list(number, folder)]
    return sorted(found, key=lambda one: (one.written_at, one.name), reverse=True)


def find_report(config: Config, number: int, name: str) -> Path | None:
    """The file that `name` stands for; None: there is none that may be served. Links out of the folder lead nowhere."""
    folders = _folders(config)
    if not 1 <= number <= len(folders):
        return None
    try:
        top = folders[number - 1].resolve()
        place = (top / name).resolve()
        may = place.is_relative_to(top) and place.suffix in TYPES and not _is_hidden(place.relative_to(top))
        return place if may and place.is_file() else None
    except (OSError, ValueError, RuntimeError):  # a name that no file can have
        return None


def add_reports(app: FastAPI, source: StateSource) -> None:
    """Add `/reports/` (a list) and the files below it."""

    @app.api_route("/reports/", methods=["GET", "HEAD"])
    def reports() -> Response:
        """All of them, newest first."""
        listed = list_reports(source.config)
        return JSONResponse(
            [{"name": one.name, "address": one.address, "written_at": one.written_at.isoformat()} for one in listed]
        )

    @app.api_route("/reports/{number:int}/{name:path}", methods=["GET", "HEAD"])
    def report(number: int, name: str) -> Response:
        """One file."""
        place = find_report(source.config, number, name)
        if place is None:
            raise HTTPException(404, "there is no such report")
        return FileResponse(place, media_type=TYPES[place.suffix])


def _folders(config: Config) -> list[Path]:
    """Each once, in the order of the configuration."""
    return [*dict.fromkeys(one.folder for one in config.service.reports)]


def _list(number: int, folder: Path) -> Iterator[ReportFile]:
    for seen, place in enumerate(folder.rglob("*")):
        if seen == MOST_FILES:
            return
        name = place.relative_to(folder).as_posix()
        if place.suffix in TYPES and not _is_hidden(Path(name)) and place.is_file() and not place.is_symlink():
            try:
                written = datetime.fromtimestamp(place.stat().st_mtime, UTC)
            except OSError:  # it went away a moment ago
                continue
            yield ReportFile(name, f"/reports/{number}/{quote(name, errors='surrogateescape')}", written)


def _is_hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)
