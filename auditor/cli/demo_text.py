"""What the demo says at its end: claimed against found, what to try, and whether all was found."""

import json
from collections.abc import Sequence
from pathlib import Path

from auditor.model import AuditResult, Verdict
from auditor.report.claims import judge_said, render_counts
from auditor.report.words import render_count
from auditor.worlds import (
    Difference,
    World,
    list_asking_commands,
    list_commands,
    render_difference,
)


def render_claims(world: World, result: AuditResult) -> str:
    """Those runs of which Experience Platform says something else than storage, claimed against found."""
    told = {said.run for said in world.claims}
    runs = [run for run in result.runs if (run.flow, run.dataset, run.due) in told and run.claim]
    lines = ["What Experience Platform claims, and what lies there:"]
    for run in sorted(runs, key=lambda run: (run.due or result.now, run.flow)):
        name = result.names.get(run.dataset, run.dataset)
        lines += [
            "",
            f"  {run.due:%Y-%m-%d %H:%M} UTC, {run.flow} / {name}",
            f"    claimed  {_claimed(run)}",
            f"    found    {_found(run)}",
            f"    so       {_so(run)}",
        ]
    return "\n".join(lines) + "\n"


def _claimed(run: Verdict) -> str:
    claim = run.claim
    assert claim is not None
    if not claim.runs:
        return "no run at all"
    counts = claim.written if claim.written.records is not None else claim.read
    kind = "written" if counts is claim.written else "read"
    errors = "".join(f"; {error}" for error in claim.errors[:1])
    return f"{judge_said(run)}; {kind}: {render_counts(counts)}{errors}"


def _found(run: Verdict) -> str:
    if not run.folder:
        return "no folder"
    records = f", {render_count(run.records, 'record')}" if run.records is not None else ""
    return f"{render_count(run.files, 'file')}{records}, {run.content}"


def _so(run: Verdict) -> str:
    codes = [finding.code for finding in run.findings]
    arrival = str(run.arrival).replace("_", " ")
    return f"{arrival}; {', '.join(codes) if codes else 'no finding'}"


def render_hints(directory: Path) -> str:
    """Commands to paste."""
    lines = ["What to look at now; the page WHAT-TO-LOOK-AT.md in there lists each fault that was laid out:"]
    lines += _commands(list_commands(directory))
    lines += ["", "Commands that ask Experience Platform, for which the stand-in must run:"]
    return "\n".join([*lines, *_commands(list_asking_commands(directory))]) + "\n"


def _commands(commands: Sequence[tuple[str, str]]) -> list[str]:
    return [line for why, command in commands for line in ("", f"  # {why}", f"  {command}")]


def render_answer(difference: Difference, result: AuditResult) -> str:
    """Whether the audit found what was laid out."""
    if difference.equal and not result.unverifiable:
        return f"The audit found the {difference.matched} findings that were laid out, none missed, none invented.\n"
    text = "The audit did NOT find exactly what was laid out: " + render_difference(difference)
    doubts = [f"? could not check: {json.dumps([item.subject, item.reason])}\n" for item in result.unverifiable]
    return text + "".join(doubts)
