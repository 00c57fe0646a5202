"""Writes small configurations for tests, and reads what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path

from auditor.settings import Config, ConfigError, load_config

DATASET = "5ef3e324052581191aa6a466"
OTHER = "6051f8cd1f37e519484b9d6c"

DESTINATIONS = "destinations:\n  d: {type: local, root: ./exports}\n"
SCHEDULE = "schedule: {every: 3h, start: 2026-10-01T00:00:00Z}"


def flow(*lines: str, schedule: str = SCHEDULE, datasets: str = f"[{DATASET}]") -> str:
    """A configuration with one flow `f`; the flow's own `lines` begin on line 5."""
    own = "".join(f"    {line}\n" for line in lines)
    return _flow(own, schedule, datasets)


def _flow(own: str, schedule: str, datasets: str) -> str:
    return f"{DESTINATIONS}flows:\n  f:\n{own}    destination: d\n    {schedule}\n    datasets: {datasets}\n"


def destination(*lines: str) -> str:
    """A configuration whose destination `d` has `lines`, beginning on line 3, and the usual flow."""
    own = "".join(f"    {line}\n" for line in lines)
    return f"destinations:\n  d:\n{own}" + _flow("", SCHEDULE, f"[{DATASET}]").removeprefix(DESTINATIONS)


def read(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> Config:
    """`text` as the file `c.yaml` of `folder`, read."""
    path = folder / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(path, environ or {})


def mistakes(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
    """Each problem of `text` as its line, with the folder left out."""
    try:
        read(folder, text, environ)
    except ConfigError as error:
        return str(error).replace(f"{folder}/", "").splitlines()
    return []
