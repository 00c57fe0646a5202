"""Faults that show only where Experience Platform's run records are read too: what it says against what lies there.

Each says what an audit finds with the records (`World.crossed`); without them the world is as its other faults have
left it. `drop_run` and every fault of files is told by true records: what was written, whatever befell it later.
"""

from auditor.worlds.faults.arrival import drop_run
from auditor.worlds.faults.befall import befall, find_intact
from auditor.worlds.model import Crossed, Expected, NotHere, Run, Said, World
from auditor.worlds.schedule import patience

MISSING = ("export-missing",)


def fail_run(world: World, run: Run) -> World:
    """The run failed, and nothing came: run-failed in place of export-missing."""
    told = Expected("run-failed", "error", *run, note="its run failed, by its record: nothing came")
    return _drop(world, Said(run, "failed"), silenced=MISSING, expected=(told,))


def fail_after_files(world: World, run: Run) -> World:
    """The run failed, and files came all the same: run-failed, and whether all of it lies there cannot be told."""
    told = Expected("run-failed", "error", *run, note="its run failed, by its record, though files came")
    return _say(world, Said(run, "failed"), told, verdict=("on_time", "unverifiable"), doubtful=True)


def fail_in_part(world: World, run: Run) -> World:
    """The run exported a part, and just that lies there: run-failed; the content is what it is."""
    told = Expected("run-failed", "error", *run, note="its run exported only a part, by its record")
    return _say(world, Said(run, "partial"), told)


def lose_export(world: World, run: Run) -> World:
    """The run succeeded, and nothing lies there: run-without-export in place of export-missing."""
    told = Expected("run-without-export", "error", *run, note="its run succeeded, by its record; no folder is there")
    return _drop(world, Said(run, "succeeded"), silenced=MISSING, expected=(told,))


def empty_run(world: World, run: Run) -> World:
    """The run had nothing to export, and no folder came: not_needed, and no finding."""
    return _drop(world, Said(run, "empty"), silenced=MISSING, verdict=("not_needed", "unchecked"))


def silence_run(world: World, run: Run) -> World:
    """The run ended without a word or a number, and no folder came: nothing or lost, nobody can tell."""
    return _drop(world, Said(run, "silent"), silenced=MISSING, verdict=("unknown", "unchecked"), doubtful=True)


def stick_run(world: World, run: Run) -> World:
    """The run is still open long after its deadline, and nothing came: run-stuck beside export-missing."""
    told = Expected("run-stuck", "warning", *run, note="its run never ended, by its record")
    return _drop(world, Said(run, "open"), expected=(told,))


def stick_after_files(world: World, run: Run) -> World:
    """The run is still open long after its deadline, though its files came: run-stuck."""
    told = Expected("run-stuck", "warning", *run, note="its files came and its run never ended, by its record")
    return _say(world, Said(run, "open"), told)


def forget_run(world: World, run: Run) -> World:
    """An export lies there and no record knows its run: export-without-run."""
    if not any(other[:1] == run[:1] and other.due != run.due for other in world.runs()):
        raise NotHere(f"{run.flow} has no other run: without any record nobody could tell")
    told = Expected("export-without-run", "warning", *run, note="an export of which there is no run record")
    return _say(world, Said(run, "none"), told)


def miscount_records(world: World, run: Run, by: int = 5) -> World:
    """The record counts other records than the files hold: record-count-mismatch."""
    told = Expected("record-count-mismatch", "warning", *run, note=f"its run counts {by:+} records")
    return _say(world, Said(run, "succeeded", records=by), told)


def miscount_files(world: World, run: Run, by: int = 1) -> World:
    """The record counts other files than there are: file-count-mismatch. Only a run of one dataset counts files."""
    if len(world.flow(run.flow).datasets) > 1:
        raise NotHere(f"{run.flow}: files are not counted for each of its datasets")
    told = Expected("file-count-mismatch", "warning", *run, note=f"its run counts {by:+} files")
    return _say(world, Said(run, "succeeded", files=by), told)


def silence_good_run(world: World, run: Run) -> World:
    """Harmless: the record of a run whose export came has neither status nor counts, as Adobe's own sample."""
    return _say(world, Said(run, "silent"))


def halve_run(world: World, run: Run) -> World:
    """Harmless: two records for one due time, which add up to what came."""
    return _say(world, Said(run, "halves"))


def start_late(world: World, run: Run) -> World:
    """Harmless: the run began an hour after it was due, as in Adobe's samples."""
    return _say(world, Said(run, "late"))


def _say(
    world: World, said: Said, *told: Expected, verdict: tuple[str, str] | None = None, doubtful: bool = False
) -> World:
    """`said` of an export that came, and that nothing else befell."""
    delivery = find_intact(world, said.run)
    _needs_certainty(world, said.run)
    crossed = Crossed(said.run, expected=told, verdict=verdict, doubtful=doubtful)
    return befall(world, delivery, delivery, said.kind).claiming(said, crossed)


def _drop(
    world: World,
    said: Said,
    *,
    silenced: tuple[str, ...] = (),
    expected: tuple[Expected, ...] = (),
    verdict: tuple[str, str] | None = None,
    doubtful: bool = False,
) -> World:
    """`said` of a run of which nothing came."""
    _needs_certainty(world, said.run)
    return drop_run(world, said.run).claiming(said, Crossed(said.run, silenced, expected, verdict, doubtful))


def _needs_certainty(world: World, run: Run) -> None:
    """Raises NotHere where an audit could not be sure of its answer, or no record could name the dataset."""
    flow = world.flow(run.flow)
    if flow.entities is None and len(flow.datasets) > 1:
        raise NotHere(f"{run.flow}: its records do not tell its datasets apart")
    if world.now <= run.due + patience(flow, run.due).deadline:
        raise NotHere(f"{run.due}: its deadline is not over at {world.now}")
    if world.retain is not None:
        raise NotHere(f"{run.flow}: what is not there may have been removed since")
