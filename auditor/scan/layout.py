"""Where the exports of one flow lie: keys -> (dataset, export time, folder), and back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias
from unicodedata import normalize

from auditor.model import DestinationFacts, Flow
from auditor.scan.levels import DATASET_ID, level_of, looks_like_a_time, parse_export_time, why_not
from auditor.scan.template import Macro, TemplateError, parse_template, render_segment


@dataclass(frozen=True, slots=True)
class Placed:
    """The key lies in an export folder of this flow."""

    dataset: str  # id
    export_time: datetime  # UTC
    prefix: str  # of the export folder, ends with "/"
    rest: str = ""  # of the key


@dataclass(frozen=True, slots=True)
class Foreign:
    """The folder names are those of an export, of a dataset that is not in this flow."""

    dataset: str  # id, or name where the template names datasets so
    prefix: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A folder name does not fit, although its place or its looks say that an export folder was meant."""

    prefix: str  # up to and with the folder name that does not fit
    why: str
    resembles: bool  # the name looks like an export time; if not, only data files below it tell
    dataset: str = ""  # id, where the other names say it
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Above:
    """The key stands between the folder path and the export folders; all folder names before it fit."""

    prefix: str
    fits: bool = False  # the key's own name would do as the next folder name
    dataset: str = ""  # id, where the names say it
    rest: str = ""


Placement: TypeAlias = Placed | Foreign | Malformed | Above


class Layout:
    """The layout of one flow's exports in its destination.

    `judgeable` tells whether a folder says its dataset and its export time to the minute; else `why` says
    what it lacks. A flow with one dataset counts as naming it. %DATETIME(…)% is read as UTC.
    Raises TemplateError as `parse_template`, and where dataset names cannot tell the datasets apart.
    """

    def __init__(self, flow: Flow, facts: DestinationFacts) -> None:
        self.flow = flow
        self.root = f"{facts.folder}/" if facts.folder else ""
        self.template = parse_template(flow.folder_template)
        self._ids = {dataset.id for dataset in flow.datasets}
        self._id_of = {dataset.name: dataset.id for dataset in flow.datasets}
        self._refuse_unusable_datasets()
        self.levels = tuple(level_of(segment, self._ids) for segment in self.template.segments)
        self._place_folder = lru_cache(maxsize=64)(self._place)

    @property
    def names_dataset(self) -> bool:
        return self.template.dataset_macro is not None or len(self.flow.datasets) == 1

    @property
    def names_time(self) -> bool:
        return self.template.time_macro is not None

    @property
    def judgeable(self) -> bool:
        return self.names_dataset and self.names_time

    @property
    def why(self) -> str:
        """Why the flow cannot be judged; "" if it can."""
        lacks = ["dataset"] * (not self.names_dataset) + ["export time to the minute"] * (not self.names_time)
        return f"folders named {self.template.text!r} do not say the {' nor the '.join(lacks)}" if lacks else ""

    def render(self, dataset: str, export_time: datetime, *, digits: int = 14, **values: str) -> str:
        """The prefix of an export folder. `values` for the other macros, by their names in lower case.

        `digits` (12 or 14) of %EXPORT_TIME%. Raises TemplateError if a value is missing.
        """
        names = {one.id: one.name for one in self.flow.datasets}
        known = {"DATASET_ID": dataset, "DATASET_NAME": names.get(dataset, "")}
        known |= {name.upper(): value for name, value in values.items()}
        moment = export_time.astimezone(UTC)
        segments = (render_segment(segment, known, moment, digits) for segment in self.template.segments)
        return self.root + "".join(f"{segment}/" for segment in segments)

    def place(self, key: str) -> Placement | None:
        """Say what `key` is in this layout; None if it is not of it, or says too little. Any text is a key."""
        if not self.judgeable or not key.startswith(self.root):
            return None
        folder, slash, name = key[len(self.root) :].rpartition("/")
        placed = self._place_folder(folder if slash else None)
        if isinstance(placed, Above):
            depth = folder.count("/") + 1 if slash else 0
            return replace(placed, rest=name, fits=self.levels[depth].read(name) is not None)
        return placed and replace(placed, rest=key[len(placed.prefix) :])

    def dataset_named(self, said: Mapping[str, str]) -> tuple[str, bool]:
        """The dataset that folder names say (as `Level.read` gives it), and whether it is of this flow.

        ("", False) if they say none. A name counts if it differs from exactly one dataset's name in
        Unicode normal form only.
        """
        macro = self.template.dataset_macro
        if macro is None:
            return (self.flow.datasets[0].id, True) if len(self.flow.datasets) == 1 else ("", False)
        named = said.get(macro, "")
        if macro == "DATASET_ID":
            return named, named in self._ids
        if named in self._id_of:
            return self._id_of[named], True
        alike = [i for known, i in self._id_of.items() if normalize("NFC", known) == normalize("NFC", named)]
        return (alike[0], True) if len(alike) == 1 else (named, False)

    def _refuse_unusable_datasets(self) -> None:
        if self.template.dataset_macro == "DATASET_NAME":
            for dataset in self.flow.datasets:
                if not dataset.name or "/" in dataset.name:
                    raise TemplateError(f"%DATASET_NAME% needs a name without a slash for dataset {dataset.id!r}")
            if len(self._id_of) < len(self.flow.datasets):
                raise TemplateError("%DATASET_NAME% cannot tell apart datasets of the same name")
        odd = sorted(i for i in self._ids if not DATASET_ID.fullmatch(i))
        if odd and any(len(segment) > 1 and Macro("DATASET_ID") in segment for segment in self.template.segments):
            raise TemplateError(f"dataset id {odd[0]!r} has not 24 characters 0-9 a-z: where it ends cannot be told")

    def _place(self, folder: str | None) -> Placement | None:
        """Place folder names (None: the root itself)."""
        names = [] if folder is None else folder.split("/")
        said: dict[str, str] = {}
        misfits: list[tuple[int, str]] = []
        for n, (level, name) in enumerate(zip(self.levels, names, strict=False)):
            read = level.read(name)
            if read is None and level.literal is not None:
                return None
            if read is None or any(said.get(what, value) != value for what, value in self._telling(read).items()):
                misfits.append((n, why_not(level, name) if read is None else "contradicts the folder names above it"))
            else:
                said |= self._telling(read)
        return self._judge(names, said, misfits)

    def _telling(self, read: Mapping[str, str]) -> dict[str, str]:
        """Only what decides: the dataset and the time, each from one kind of macro."""
        time_macro, dataset_macro = self.template.time_macro, self.template.dataset_macro
        other = "DATASET_NAME" if dataset_macro == "DATASET_ID" else ""
        by_fields = time_macro == "DATETIME"
        return {k: v for k, v in read.items() if k != other and (by_fields or not k.islower())}

    def _judge(self, names: list[str], said: dict[str, str], misfits: list[tuple[int, str]]) -> Placement | None:
        dataset, ours = self.dataset_named(said)
        export_time: datetime | None = None
        if len(names) >= len(self.levels):
            try:
                export_time = None if misfits and not self._time_said(said) else parse_export_time(said)
            except ValueError as error:
                misfits = sorted([*misfits, (self._last_time_level(), f"no such time: {error}")])
        if misfits:
            return self._malformed(names, misfits[0], dataset if ours else "", export_time)
        prefix = self._prefix(names, len(self.levels))
        if export_time is None:
            return Above(prefix, dataset=dataset if ours else "")
        return Placed(dataset, export_time, prefix) if ours else Foreign(dataset, prefix)

    def _malformed(
        self, names: list[str], misfit: tuple[int, str], dataset: str, export_time: datetime | None
    ) -> Malformed | None:
        n, why = misfit
        resembles = looks_like_a_time(names[n])
        told = (dataset and self.template.dataset_macro is not None) or export_time is not None
        return Malformed(self._prefix(names, n + 1), why, resembles, dataset) if told or resembles else None

    def _time_said(self, said: Mapping[str, str]) -> bool:
        return "EXPORT_TIME" in said or {"year", "month", "day", "hour", "minute"} <= said.keys()

    def _last_time_level(self) -> int:
        return max(n for n, level in enumerate(self.levels) if level.says(self.template.time_macro))

    def _prefix(self, names: list[str], depth: int) -> str:
        return self.root + "".join(f"{name}/" for name in names[:depth])
