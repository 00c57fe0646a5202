"""The command line: one module per command, each with options, one call and an exit code."""

import typer

from auditor.cli.accept import accept
from auditor.cli.alerts import alerts_app
from auditor.cli.audit import audit
from auditor.cli.calendar import calendar
from auditor.cli.config import config_app
from auditor.cli.coverage import coverage
from auditor.cli.db import db_app
from auditor.cli.demo import demo
from auditor.cli.destinations import destinations_app
from auditor.cli.discover import discover
from auditor.cli.experience_platform import experience_platform_app
from auditor.cli.explain import explain
from auditor.cli.exports import exports_app
from auditor.cli.incidents import ack, incidents
from auditor.cli.report import report
from auditor.cli.serve import serve
from auditor.cli.silence import silence_app
from auditor.cli.verify import verify

app = typer.Typer(
    name="export-auditor",
    help="Audit the dataset exports of Adobe Experience Platform: did each arrive, is it whole, can it be read back?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 good · 1 findings at or above the threshold · 2 usage or configuration · 3 could not check",
)
app.command()(demo)
app.command()(discover)
app.command()(audit)
app.command()(serve)
app.command()(verify)
app.command()(coverage)
app.command()(calendar)
app.command()(report)
app.command()(explain)
app.command()(incidents)
app.command()(ack)
app.command()(accept)
app.add_typer(silence_app, name="silence")
app.add_typer(alerts_app, name="alerts")
app.add_typer(config_app, name="config")
app.add_typer(db_app, name="db")
app.add_typer(destinations_app, name="destinations")
app.add_typer(experience_platform_app, name="experience-platform")
app.add_typer(exports_app, name="exports")


def main() -> None:
    """The `export-auditor` command."""
    app()
