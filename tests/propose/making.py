"""Listings to propose from, and proposals as an audit reads them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.base import Adapter
from auditor.propose import Proposal, Survey, render_proposal, survey_destination
from auditor.settings import load_config
from auditor.settings.config import Config
from auditor.worlds import World
from tests.scan.memory import MemoryAdapter

A, B, C = "5ef3e324052581191aa6a466", "6504a2f1abf9b128d3f90e5d", "66018d8312377d2c68545bac"
START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 31, tzinfo=UTC)
JSON = "part-00000-tid-1-5ef3e324-0525-4119-8aa6-a46600000000-1-1-c000.json.gz"
PARQUET = JSON.replace(".json.gz", ".gz.parquet")


class Silent:
    """Progress that tells no one."""

    def stage(self, text: str, total: int | None = None) -> None:
        pass

    def advance(self, n: int = 1) -> None:
        pass


def every(hours: float, count: int, start: datetime = START) -> list[datetime]:
    return [start + n * timedelta(hours=hours) for n in range(count)]


def exports(
    dataset: str,
    stamps: Iterable[datetime],
    *,
    folder: str = "backups",
    digits: int = 12,
    names: Iterable[str] = (JSON,),
    size: int = 10,
    first: int = 200,
    after: timedelta = timedelta(minutes=6),
    modified: datetime | None = None,
) -> dict[str, tuple[bytes, datetime]]:
    """Objects of one dataset: an export folder per stamp, the first of `first` bytes, written `after` its stamp."""
    root = f"{folder}/" if folder else ""
    found = {}
    for n, stamp in enumerate(stamps):
        told = stamp.strftime("%Y%m%d%H%M%S")[:digits]
        for name in names:
            data = b"x" * (size if n else first)
            found[f"{root}{dataset}/exportTime={told}/{name}"] = (data, modified or stamp + after)
    return found


def objects_of(world: World) -> dict[str, tuple[bytes, datetime]]:
    """The keys and times of `world`; as many bytes as a file has records, so that nothing must be written."""
    found = {}
    for delivery in world.deliveries:
        for part in delivery.parts:
            found[delivery.prefix + part.name] = (b"x" * part.recipe.rows, part.modified)
        for manifest in delivery.manifests:
            found[delivery.prefix + manifest.name] = (b"{}", manifest.modified)
    return {key: one for key, one in found.items() if one[1] <= world.now}


def survey(objects: dict[str, tuple[bytes, datetime]] | Adapter, **how: object) -> Survey:
    adapter = MemoryAdapter(objects, shuffled=1) if isinstance(objects, dict) else objects
    return survey_destination(adapter, progress=Silent(), **how)


def written(seen: Survey, *, name: str = "exports", place: dict[str, str] | None = None, source: str = "there") -> str:
    """The YAML of a proposal."""
    where = place or {"type": "local", "root": "./exports"}
    proposal = Proposal(source, name, where, seen.folder, seen.flows, seen.irregular, seen.objects)
    return render_proposal(proposal, now=NOW)


def read(text: str, home: Path) -> Config:
    """The configuration that `text` is: without errors and without warnings."""
    path = home / "proposed.yaml"
    path.write_text(text, encoding="utf-8")
    config = load_config(path)
    assert config.warnings == ()
    return config
