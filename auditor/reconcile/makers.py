"""Who made an export folder that no due time asks for, by the run records. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor.flow_model import RunRecord
from auditor.model import Claim, Evidence, RunState

_BAD = {RunState.FAILED, RunState.PARTIAL}


@dataclass(frozen=True, slots=True)
class Maker:
    """A sentence for the finding, and what it rests on. Empty: nobody was asked, or it cannot be told."""

    told: str = ""
    evidence: Evidence = field(default_factory=dict)


def tell_maker(made: Sequence[RunRecord], beside: Claim | None, *, was_read: bool) -> Maker:
    """Tell an on-demand run, a second delivery and a folder without any run apart.

    `made`: the runs that fit this folder and no due time. `beside`: what is claimed of the run next to it.
    """
    second = beside is not None and beside.state in _BAD
    if made:
        run = made[-1]
        after = " after the scheduled run had failed or exported only a part" if second else ""
        told = f"Run {run.id} made it, which fits no due time: a run on demand, or a second delivery{after}."
        return Maker(told, _about(run, made))
    if not was_read:
        return Maker()
    if second and beside is not None and len(beside.runs) > 1:
        told = f"{len(beside.runs)} runs began for that due time, one of them failed or exported only a part."
        return Maker(f"A second delivery: {told}", {"runs": list(beside.runs[:20]), "run_state": beside.state.value})
    return Maker("Experience Platform knows no run of this flow that made it.", {"made_by": None})


def _about(run: RunRecord, made: Sequence[RunRecord]) -> Evidence:
    return {
        "made_by": run.id,
        "run_state": run.state.value,
        "run_began": f"{run.started or run.created:%Y-%m-%dT%H:%M:%SZ}",
        "runs": [one.id for one in made[:20]],
    }
