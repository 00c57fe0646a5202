"""`export-auditor demo`: sample exports with known faults, audited before the user's eyes."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import complain
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import show_progress
from auditor.ledger import Ledger, LedgerError
from auditor.model import AuditResult
from auditor.report import FORMATS
from auditor.service import AuditOptions, Progress, run_audit
from auditor.settings import load_config
from auditor.worlds import (
    DEMO_NOW,
    Difference,
    NotOurs,
    World,
    compare_findings,
    describe_expected,
    lay_out_demo,
    list_commands,
    render_difference,
)


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to lay the exports: a new or empty directory.")
    ] = Path("demo-exports"),
) -> None:
    """Lay out sample exports with known faults, audit them, and say what to look at.

    Exit code 0 when the audit finds exactly the faults that were laid out, 1 when it does not.
    """
    try:
        with show_progress(sys.stderr) as progress:
            progress.note(f"Laying out four weeks of sample exports in {str(directory)!r} ...")
            world = lay_out_demo(directory)
            progress.note("Auditing them ...")
            result = audit_demo(directory, progress=progress)
    except (NotOurs, LedgerError) as error:
        complain(str(error))
    except OSError as error:
        complain(f"{str(directory)!r} cannot be written: {error.strerror or type(error).__name__}")
    difference = compare_demo(world, result)
    good = difference.equal and not result.unverifiable
    try:
        write_report(FORMATS["table"](result, read_options(sys.stdout)), None)
        write_report(f"\n{_render_hints(directory)}\n{_render_answer(difference, result)}", None)
    except CannotWriteError as error:
        complain(str(error))
    raise typer.Exit(0 if good else 1)


def audit_demo(directory: Path, *, progress: Progress | None = None) -> AuditResult:
    """Audit the demo in `directory` as it stood at its own moment, with the configuration that lies there.

    The moment is a past one whatever the machine's clock says, so that the answer is always the same.
    """
    config = load_config(directory / "auditor.yaml")
    with Ledger.open(config.ledger_url) as ledger:
        return run_audit(config, ledger, AuditOptions(now=DEMO_NOW, is_past=True), progress=progress)


def compare_demo(world: World, result: AuditResult) -> Difference:
    """What `world` must show against what the audit's JSON shows."""
    return compare_findings(
        describe_expected(world), json.loads(FORMATS["json"](result, read_options(None)))["findings"]
    )


def _render_hints(directory: Path) -> str:
    lines = ["What to look at now; the page WHAT-TO-LOOK-AT.md in there lists each fault that was laid out:"]
    for why, command in list_commands(directory):
        lines += ["", f"  # {why}", f"  {command}"]
    return "\n".join(lines) + "\n"


def _render_answer(difference: Difference, result: AuditResult) -> str:
    if difference.equal and not result.unverifiable:
        return f"The audit found the {difference.matched} findings that were laid out, none missed, none invented.\n"
    text = "The audit did NOT find exactly what was laid out: " + render_difference(difference)
    doubts = [f"? could not check: {json.dumps([item.subject, item.reason])}\n" for item in result.unverifiable]
    return text + "".join(doubts)
