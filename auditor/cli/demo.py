"""`export-auditor demo`: sample exports with known faults, audited before the user's eyes."""

import json
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import complain
from auditor.cli.demo_text import render_answer, render_claims, render_hints
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import show_progress
from auditor.ledger import Ledger, LedgerError
from auditor.model import AuditResult
from auditor.report import FORMATS
from auditor.service import AuditOptions, Progress, run_audit
from auditor.settings import load_config
from auditor.worlds import (
    CONFIG,
    CROSS_CHECKED,
    DEMO_NOW,
    Difference,
    NotOurs,
    World,
    compare_findings,
    describe_expected,
    lay_out_demo,
    serve_demo,
)


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to lay the exports: a new or empty directory.")
    ] = Path("demo-exports"),
    serve: Annotated[
        bool,
        typer.Option("--serve", help="Afterwards keep the stand-in for Experience Platform running, until Ctrl-C."),
    ] = False,
) -> None:
    """Lay out sample exports with known faults, audit them, and say what to look at.

    The audit also asks a stand-in for Experience Platform on this machine what it claims of the runs. Exit code 0
    when the audit finds exactly the faults that were laid out, 1 when it does not.
    """
    try:
        with show_progress(sys.stderr) as progress:
            progress.note(f"Laying out four weeks of sample exports in {str(directory)!r} ...")
            world = lay_out_demo(directory)
        with serve_demo(world, directory):
            is_good = _show(world, directory)
            if serve:
                _wait(directory)
    except (NotOurs, LedgerError, CannotWriteError) as error:
        complain(str(error))
    except OSError as error:
        complain(f"{str(directory)!r} cannot be written: {error.strerror or type(error).__name__}")
    raise typer.Exit(0 if is_good else 1)


def audit_demo(directory: Path, *, config: str = CONFIG, progress: Progress | None = None) -> AuditResult:
    """Audit the demo in `directory` as it stood at its own moment, with the configuration of that name there.

    The moment is a past one whatever the machine's clock says, so that the answer is always the same.
    """
    read = load_config(directory / config)
    with Ledger.open(read.ledger_url) as ledger:
        return run_audit(read, ledger, AuditOptions(now=DEMO_NOW, is_past=True), progress=progress)


def compare_demo(world: World, result: AuditResult, *, cross_checked: bool = False) -> Difference:
    """What `world` must show against what the audit's JSON shows."""
    found = json.loads(FORMATS["json"](result, read_options(None)))["findings"]
    return compare_findings(describe_expected(world, cross_checked=cross_checked), found)


def _show(world: World, directory: Path) -> bool:
    """Audit the demo and tell of it; whether exactly what was laid out was found."""
    with show_progress(sys.stderr) as progress:
        progress.note("Auditing them ...")
        result = audit_demo(directory, config=CROSS_CHECKED, progress=progress)
    difference = compare_demo(world, result, cross_checked=True)
    write_report(FORMATS["table"](result, read_options(sys.stdout)), None)
    told = (render_claims(world, result), render_hints(directory), render_answer(difference, result))
    write_report("".join(f"\n{text}" for text in told), None)
    return difference.equal and not result.unverifiable


def _wait(directory: Path) -> None:
    text = f"\nThe stand-in for Experience Platform runs, as {str(directory / CROSS_CHECKED)!r} says. Ctrl-C ends it.\n"
    write_report(text, None)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
