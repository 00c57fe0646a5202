"""What manifests say of one export folder, held against the files in it.

Manifest format and its unknowns: aep "Include manifest file" on the cloud storage destination pages.
`sinkPath` is documented by one audience sample only, so a bucket, a slash or the folder path may stand
in front of it: paths are compared relative to the destination's folder.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.checks.manifest import (
    MANIFEST_DUPLICATE,
    MANIFEST_FILE_EXTRA,
    MANIFEST_FILE_MISSING,
    MANIFEST_RUN_MISMATCH,
    MANIFEST_SIZE_MISMATCH,
    MANIFEST_UNREADABLE,
)
from auditor.model import ExportFolder, Finding, Manifest, ManifestEntry, StoredFile
from auditor.reconcile.subject import Subject

_DATASET_ID = re.compile(r"(?<![0-9A-Za-z])(?=[A-Za-z]*[0-9])[0-9A-Za-z]{24}(?![0-9A-Za-z])")
_DIGITS_OF_A_TIME = 8
SHOWN = 20  # names listed in one finding's evidence; the count is always whole


@dataclass(frozen=True, slots=True)
class Told:
    """What the manifests tell of one folder."""

    speaking: tuple[Manifest, ...]  # readable ones that list a file of this folder, or stand in it
    entries: tuple[ManifestEntry, ...]  # those about this folder

    @property
    def tells_nothing(self) -> bool:
        return not self.speaking


def what_is_told(folder: ExportFolder, manifests: Sequence[Manifest], destination_folder: str) -> Told:
    """The readable manifests that speak of `folder`, with their entries about it."""
    speaking: list[Manifest] = []
    entries: list[ManifestEntry] = []
    for manifest in manifests:
        if manifest.problem or manifest.unreadable:
            continue
        inside = manifest.file.key.startswith(folder.prefix)
        about = [e for e in manifest.entries if _is_about(e, folder, destination_folder, inside=inside)]
        if about or inside:
            speaking.append(manifest)
            entries.extend(about)
    return Told(tuple(speaking), tuple(dict.fromkeys(entries)))


class ManifestsAbove:
    """Manifests that lie above the export folders, by what they name: there may be one for every run there ever was."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self.silent = tuple(m for m in manifests if m.problem or m.unreadable)
        self._naming: dict[str, list[Manifest]] = {}
        for manifest in manifests:
            for name in {part for entry in manifest.entries for part in _folders_named(entry)}:
                self._naming.setdefault(name, []).append(manifest)

    def about(self, folder: ExportFolder) -> tuple[Manifest, ...]:
        """Those that may speak of `folder`: they name it, or nobody knows what they name."""
        named = [one for name in _parts(folder.prefix)[-1:] for one in self._naming.get(name, ())]
        return (*named, *self.silent)


def _folders_named(entry: ManifestEntry) -> list[str]:
    return _parts(entry.sink_path) + _parts(entry.name)[:-1]


def _is_about(entry: ManifestEntry, folder: ExportFolder, destination_folder: str, *, inside: bool) -> bool:
    """Whether `entry` lists a file of `folder`. A manifest inside a folder speaks of it unless it says otherwise."""
    own = _parts(folder.prefix)[len(_parts(destination_folder)) :]
    named = _folders_named(entry)
    if own and any(named[i : i + len(own)] == own for i in range(len(named) - len(own) + 1)):
        return True
    return inside and not _names_another(named, own)


def _names_another(named: list[str], own: list[str]) -> bool:
    """Whether a path names a dataset or an export time that is not this folder's, also both in one folder name."""
    ids = set(_DATASET_ID.findall("/".join(own)))
    shape = _shape(own[-1]) if own else ""
    return any(
        part.startswith("exportTime=")
        or not ids.issuperset(_DATASET_ID.findall(part))
        or (shape.count("0") >= _DIGITS_OF_A_TIME and _shape(part) == shape)
        for part in named
        if part not in own
    )


def _shape(name: str) -> str:
    """`name` with its digits alike: names of one dataset's export folders differ in nothing else."""
    return re.sub("[0-9]", "0", name)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


@dataclass(frozen=True, slots=True)
class Compared:
    """Manifest entries against files, by name."""

    absent: tuple[ManifestEntry, ...]
    resized: tuple[tuple[ManifestEntry, StoredFile], ...]
    extra: tuple[StoredFile, ...]

    @property
    def agrees(self) -> bool:
        return not self.absent and not self.resized


def compare(folder: ExportFolder, told: Told) -> Compared:
    """Hold the listed names and sizes against the folder's data files.

    A name that differs in Unicode normal form only is the same file if there is exactly one such.
    Two manifests may list a file with different sizes (a second write): one that fits is enough.
    """
    stored = (*folder.strays, *folder.manifests, *folder.files)  # a manifest may list more than data
    by_name = {file.name: file for file in stored}
    by_form: dict[str, list[StoredFile]] = {}
    for file in stored:
        by_form.setdefault(unicodedata.normalize("NFC", file.name), []).append(file)
    listed: dict[tuple[str, str], list[ManifestEntry]] = {}
    for entry in told.entries:
        listed.setdefault(_tail(entry), []).append(entry)
    tails = {tuple(_parts(file.key)[-2:]): file for file in stored}
    times_named = Counter(name for parent, name in listed if parent)
    # The same name in several folders: the folder tells them apart, where the paths are those of the store.
    told_apart = {name for parent, name in listed if times_named[name] > 1 and (parent, name) in tails}
    absent: list[ManifestEntry] = []
    resized: list[tuple[ManifestEntry, StoredFile]] = []
    seen: set[str] = set()
    for (parent, name), entries in listed.items():
        found: StoredFile | None
        if parent and name in told_apart:
            found = tails.get((parent, name))
        else:
            alike = by_form.get(unicodedata.normalize("NFC", name), [])
            found = by_name.get(name) or (alike[0] if len(alike) == 1 else None)
        if found is None:
            if not name.startswith(("_", ".")):  # a writer's book-keeping, which is not kept
                absent.append(entries[0])
            continue
        seen.add(found.key)
        if all(entry.size is not None and entry.size != found.size for entry in entries):
            resized.append((entries[0], found))
    extra = tuple(f for f in folder.files if f.key not in seen) if told.speaking else ()
    return Compared(tuple(absent), tuple(resized), extra)


def _tail(entry: ManifestEntry) -> tuple[str, str]:
    """The last folder that the entry names, and the name of its file."""
    *_, parent, name = ["", *_folders_named(entry), (_parts(entry.name) or [entry.name])[-1]]
    return parent, name


def find_manifest_faults(
    subject: Subject, folder: ExportFolder, manifests: Sequence[Manifest], told: Told, compared: Compared
) -> Iterator[Finding]:
    """All findings about manifests but their absence, each once per folder."""
    broken = [m for m in manifests if m.problem and m.file.key.startswith(folder.prefix)]
    if broken:
        yield subject.finding(
            MANIFEST_UNREADABLE,
            f"The manifest cannot be read: {broken[0].problem}.",
            key=broken[0].file.key,
            evidence={"problem": broken[0].problem, "size": broken[0].file.size, "manifests": len(broken)},
        )
    if len(told.speaking) > 1:
        names = [m.file.key for m in told.speaking]
        yield subject.finding(
            MANIFEST_DUPLICATE,
            f"{len(names)} manifests speak of this export.",
            key=names[-1],
            evidence={"manifests": [*names[:SHOWN]], "run_ids": [m.run_id for m in told.speaking[:SHOWN]]},
        )
    for manifest in told.speaking:
        named = _run_id_in_name(manifest.file.name)
        if manifest.run_id and named and not named.endswith(manifest.run_id):
            yield subject.finding(
                MANIFEST_RUN_MISMATCH,
                "The manifest's name and its text name different flow runs.",
                key=manifest.file.key,
                evidence={"name": manifest.file.name, "flow_run_id": manifest.run_id},
            )
            break
    yield from _find_differences(subject, folder, compared)


def _find_differences(subject: Subject, folder: ExportFolder, compared: Compared) -> Iterator[Finding]:
    if compared.absent:
        names = [entry.name for entry in compared.absent]
        yield subject.finding(
            MANIFEST_FILE_MISSING,
            f"{_files(len(names))} listed in the manifest {_is_are(len(names))} not in the folder.",
            key=folder.prefix + names[0],
            evidence={
                "missing": [*names[:SHOWN]],
                "missing_count": len(names),
                "missing_bytes": sum(entry.size or 0 for entry in compared.absent),
                "present_count": len(folder.files),
            },
        )
    if compared.resized:
        entry, file = compared.resized[0]
        yield subject.finding(
            MANIFEST_SIZE_MISMATCH,
            f"{_files(len(compared.resized))} {_is_are(len(compared.resized))} of another size than the manifest says.",
            key=file.key,
            evidence={
                "listed_bytes": entry.size,
                "stored_bytes": file.size,
                "files": [f.key for _, f in compared.resized[:SHOWN]],
                "count": len(compared.resized),
            },
        )
    if compared.extra:
        yield subject.finding(
            MANIFEST_FILE_EXTRA,
            f"{_files(len(compared.extra))} in the folder {_is_are(len(compared.extra))} not listed in the manifest.",
            key=compared.extra[0].key,
            evidence={"files": [f.key for f in compared.extra[:SHOWN]], "count": len(compared.extra)},
        )


def _run_id_in_name(name: str) -> str:
    return name.removesuffix(".json").removeprefix("manifest-")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _is_are(count: int) -> str:
    return "is" if count == 1 else "are"
