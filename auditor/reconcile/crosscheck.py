"""What a run is worth when Adobe's claim and storage are held against each other: the truth table.

One place decides, cell by cell; `docs/cross-check.md` is generated from here. A claim never makes an export
sound, and never damaged: it can say that nothing was to come, that more should have come, or that nobody knows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from auditor.model import Claim, Content, Counts, RunState


class Storage(StrEnum):
    """What lies in the destination for a run."""

    WHOLE = "whole"  # a folder, nothing known to be wrong with it
    INCOMPLETE = "incomplete"
    DAMAGED = "damaged"
    NONE = "none"  # looked, and no folder
    UNSEEN = "could not look"


class Agreement(StrEnum):
    """The counts of the claim against those of storage."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_GIVEN = "not given"


class ArrivalRule(StrEnum):
    """How the arrival of a cell is decided."""

    AS_SEEN = "as seen"  # by the clock and the folder, as without a claim
    NOT_NEEDED = "not_needed"
    OPEN = "arriving until the deadline, then as seen"
    UNKNOWN = "unknown"


class ContentRule(StrEnum):
    """How the content of a cell is decided."""

    AS_SEEN = "as seen"
    INCOMPLETE = "incomplete"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Cell:
    """What holds for one combination. Codes of a missing export speak when the clock says late or missing."""

    arrival: ArrivalRule = ArrivalRule.AS_SEEN
    content: ContentRule = ContentRule.AS_SEEN
    codes: tuple[str, ...] = ()
    why: str = ""


def decide(state: RunState, storage: Storage, counts: Agreement) -> Cell:
    """The cell of the truth table."""
    if storage is Storage.NONE:
        return _nothing_there(state, counts)
    if storage is Storage.UNSEEN:
        return _not_seen(state)
    if storage is Storage.WHOLE:
        return _whole(state, counts)
    return _bad(state)


def _nothing_there(state: RunState, counts: Agreement) -> Cell:
    match state:
        case RunState.SUCCEEDED if counts is Agreement.EQUAL:
            return Cell(ArrivalRule.NOT_NEEDED, why="The run had nothing to export, and nothing lies there.")
        case RunState.SUCCEEDED if counts is Agreement.DIFFERENT:
            return Cell(codes=("run-without-export",), why="The run says that it exported; nothing lies there.")
        case RunState.SUCCEEDED:
            return Cell(
                ArrivalRule.UNKNOWN,
                why="The run ended well and does not say how much it exported: nothing, or lost, cannot be told.",
            )
        case RunState.PARTIAL if counts is Agreement.DIFFERENT:
            return Cell(
                codes=("run-failed", "run-without-export"),
                why="The run exported a part, it says; not even that lies there.",
            )
        case RunState.FAILED | RunState.PARTIAL:
            return Cell(codes=("run-failed",), why="The run failed, and nothing lies there: one cause, one finding.")
        case RunState.IN_PROGRESS:
            return Cell(codes=("export-missing", "run-stuck"), why="The run is open; past its deadline it is stuck.")
        case RunState.NONE:
            return Cell(codes=("export-missing",), why="No run, no folder: nothing was exported.")
        case RunState.UNKNOWN:
            return Cell(ArrivalRule.UNKNOWN, why="No folder, and nobody to ask whether there was anything to export.")


def _whole(state: RunState, counts: Agreement) -> Cell:
    differs = ("count-mismatch",) if counts is Agreement.DIFFERENT else ()
    match state:
        case RunState.SUCCEEDED:
            told = {
                Agreement.EQUAL: "Claim and storage agree.",
                Agreement.DIFFERENT: "Whole, not as counted: Adobe's counts may be mixed with profile exports.",
                Agreement.NOT_GIVEN: "Whole by itself; the run says no number to compare with.",
            }
            return Cell(codes=differs, why=told[counts])
        case RunState.FAILED | RunState.PARTIAL if counts is Agreement.EQUAL:
            return Cell(
                codes=("run-failed",), why="What the run says that it wrote is there; the rest is in no export."
            )
        case RunState.FAILED | RunState.PARTIAL if counts is Agreement.DIFFERENT:
            return Cell(
                content=ContentRule.INCOMPLETE,
                codes=("run-failed", "count-mismatch"),
                why="The run did not end well, and storage holds something else than it wrote.",
            )
        case RunState.FAILED | RunState.PARTIAL:
            return Cell(
                content=ContentRule.UNVERIFIABLE,
                codes=("run-failed",),
                why="The run did not end well; whether all of it lies there cannot be told.",
            )
        case RunState.IN_PROGRESS:
            return Cell(ArrivalRule.OPEN, codes=("run-stuck",), why="While the run is open more may come.")
        case RunState.NONE:
            return Cell(codes=("export-without-run",), why="An export lies there, and no run says that it made it.")
        case RunState.UNKNOWN:
            return Cell(why="Judged by storage alone; that the run records could not be read is told once.")


def _bad(state: RunState) -> Cell:
    """Incomplete or damaged as found: counts say nothing more about it."""
    match state:
        case RunState.FAILED | RunState.PARTIAL:
            return Cell(codes=("run-failed",), why="Storage says what is wrong, the run says why.")
        case RunState.IN_PROGRESS:
            return Cell(ArrivalRule.OPEN, codes=("run-stuck",), why="While the run is open it may still become whole.")
        case RunState.NONE:
            return Cell(
                codes=("export-without-run",), why="It is bad as it lies there, and no run says that it made it."
            )
        case RunState.SUCCEEDED | RunState.UNKNOWN:
            return Cell(why="Storage says what is wrong; a claim makes nothing good.")


def _not_seen(state: RunState) -> Cell:
    arrival, content = ArrivalRule.UNKNOWN, ContentRule.UNVERIFIABLE
    match state:
        case RunState.FAILED | RunState.PARTIAL:
            return Cell(
                arrival, content, ("run-failed",), "Storage could not be looked at; the run says that it failed."
            )
        case RunState.IN_PROGRESS:
            return Cell(arrival, content, ("run-stuck",), "Storage could not be looked at; the run is open.")
        case _:
            return Cell(arrival, content, (), "Storage could not be looked at: a claim is no proof either way.")


def list_cells() -> Iterator[tuple[RunState, Storage, Agreement, Cell]]:
    """All cells, in reading order."""
    for state, storage, counts in product(RunState, Storage, Agreement):
        yield state, storage, counts, decide(state, storage, counts)


STORAGE_OF: Mapping[Content, Storage] = {
    Content.SOUND: Storage.WHOLE,
    Content.UNCHECKED: Storage.WHOLE,
    Content.UNVERIFIABLE: Storage.WHOLE,
    Content.INCOMPLETE: Storage.INCOMPLETE,
    Content.DAMAGED: Storage.DAMAGED,
}
"""A folder whose content could not be checked is there: its content stays `unverifiable` whatever the run says."""


def compare_counts(
    claim: Claim, found: Counts | None, *, tolerance: float
) -> tuple[Agreement, dict[str, tuple[int, int]]]:
    """The claim against what was found (None: no folder), and by kind of count what differs: (claimed, found).

    `tolerance`: the part of the claimed number by which it may differ. Only counts that both sides know are held
    against each other. Against no folder, a run that says that it read no record is equal, and one that read or
    wrote any differs: that it wrote none is no proof that there was none to write.
    """
    if found is None:
        return _against_nothing(claim)
    pairs = {
        "records": (claim.written.records, found.records),
        "files": (claim.written.files, found.files),
        "bytes": (claim.written.bytes, found.bytes),
    }
    known = {kind: (said, seen) for kind, (said, seen) in pairs.items() if said is not None and seen is not None}
    differing = {kind: pair for kind, pair in known.items() if abs(pair[0] - pair[1]) > tolerance * pair[0]}
    if differing:
        return Agreement.DIFFERENT, differing
    return (Agreement.EQUAL if known else Agreement.NOT_GIVEN), {}


def _against_nothing(claim: Claim) -> tuple[Agreement, dict[str, tuple[int, int]]]:
    read, written = claim.read, claim.written
    said = {"records": written.records or read.records, "files": written.files, "bytes": written.bytes}
    differing = {kind: (number, 0) for kind, number in said.items() if number}
    if differing:
        return Agreement.DIFFERENT, differing
    return (Agreement.EQUAL if read.records == 0 else Agreement.NOT_GIVEN), {}
