"""`export-auditor demo`: sample exports with known faults, audited before the user's eyes."""

import json
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.ledger import Ledger, LedgerError
from auditor.model import AuditResult
from auditor.report import render_json, render_table
from auditor.service import AuditOptions, run_audit
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

USAGE = 2


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to lay the exports: a new or empty directory.")
    ] = Path("demo-exports"),
) -> None:
    """Lay out sample exports with known faults, audit them, and say what to look at.

    Exit code 0 when the audit finds exactly the faults that were laid out, 1 when it does not.
    """
    try:
        typer.echo(f"Laying out four weeks of sample exports in {_shown(directory)} ...", err=True)
        world = lay_out_demo(directory)
        typer.echo("Auditing them ...", err=True)
        result = audit_demo(directory)
    except NotOurs as error:
        raise _refusal(str(error)) from None
    except OSError as error:
        raise _refusal(f"{_shown(directory)} cannot be written: {error.strerror or type(error).__name__}.") from None
    except LedgerError as error:
        raise _refusal(str(error)) from None
    typer.echo(_render_report(result))
    typer.echo(_render_hints(directory))
    difference = compare_demo(world, result)
    if difference.equal and not result.unverifiable:
        typer.echo(f"The audit found exactly the {difference.matched} findings that were laid out.")
        return
    typer.echo(_render_failure(difference, result))
    raise typer.Exit(1)


def audit_demo(directory: Path) -> AuditResult:
    """Audit the demo in `directory` as it stood at its own moment, with the configuration that lies there."""
    config = load_config(directory / "auditor.yaml")
    with Ledger.open(config.ledger_url) as ledger:
        return run_audit(config, ledger, AuditOptions(now=DEMO_NOW, is_past=True))


def compare_demo(world: World, result: AuditResult) -> Difference:
    """What `world` must show against what the audit's JSON shows."""
    return compare_findings(describe_expected(world), json.loads(render_json(result))["findings"])


def _render_report(result: AuditResult) -> str:
    width = max(40, shutil.get_terminal_size((100, 24)).columns)
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return render_table(result, width=width, colour=sys.stdout.isatty(), unicode=encoding.startswith("utf"))


def _render_hints(directory: Path) -> str:
    lines = ["What to look at now (the page WHAT-TO-LOOK-AT.md lists every fault that was laid out):", ""]
    for why, command in list_commands(directory):
        lines += [f"  # {why}", f"  {command}"]
    return "\n".join(lines) + "\n"


def _render_failure(difference: Difference, result: AuditResult) -> str:
    text = "The audit did not find what was laid out: " + render_difference(difference)
    for item in result.unverifiable:
        text += f"? could not check: {json.dumps([item.subject, item.reason])}\n"
    return text


def _shown(path: Path) -> str:
    return ascii(str(path))


def _refusal(sentence: str) -> typer.Exit:
    typer.echo(f"export-auditor demo: {sentence}", err=True)
    return typer.Exit(USAGE)
