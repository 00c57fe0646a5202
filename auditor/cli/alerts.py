"""`export-auditor alerts`: does each channel reach anybody, and what would have been told over the past?"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from adapters.base import inert
from auditor.cli.choices import DEFAULT_CONFIG, complain, moment_of, read_config
from auditor.cli.output import CannotWriteError, write_report
from auditor.incident_model import Notice
from auditor.ledger import Ledger, LedgerError
from auditor.model import Severity
from auditor.settings import Config

if TYPE_CHECKING:
    from auditor.alerts.channels.base import Delivery
    from auditor.alerts.preview import Preview, WouldBeTold

alerts_app = typer.Typer(
    no_args_is_help=True, help="Test the ways in which people are told, and look at what they are."
)
ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration.")]


@alerts_app.command("test")
def send_test(
    route: Annotated[str, typer.Argument(help="Name or number of a route; without it, all channels.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Send a test through each channel of a route, or through all, and say what each receiver answered.

    A channel that takes it counts as working again. PagerDuty and Alertmanager are told its end at once.
    Exit code 0 all took it, 1 one or more did not, 2 usage or configuration.
    """
    loaded = read_config(config)
    channels = _channels_of(loaded, route)
    try:
        with Ledger.open(loaded.ledger_url) as ledger:
            done = _send_tests(loaded, ledger, route, channels)
        lines = [f"{inert(name)}: {'ok' if one.is_sent else 'failed'} ({one.reason})" for name, one in done]
        write_report("\n".join(lines) + "\n", None)
    except (LedgerError, CannotWriteError) as error:
        complain(str(error))
    raise typer.Exit(0 if all(one.is_sent for _, one in done) else 1)


@alerts_app.command("preview")
def show_preview(
    since: Annotated[str, typer.Option(help="From here on, e.g. 2026-10-01 (UTC) or 2026-10-01T06:00:00+02:00.")],
    config: ConfigFile = DEFAULT_CONFIG,
    until: Annotated[str, typer.Option(help="Up to here; without it, now.")] = "",
) -> None:
    """Who would have been told what, by the routes as they are now, of the incidents that the ledger knows.

    Nothing is sent, and nothing is written. Exit code 0, 2 usage or configuration.
    """
    from auditor.alerts.preview import preview

    loaded = read_config(config)
    begin, end = _moment("--since", since), _moment("--until", until) or datetime.now(UTC)
    assert begin is not None
    if begin >= end:
        complain(f"--since {since}: it must be before {end:%Y-%m-%dT%H:%MZ}")
    try:
        with Ledger.open(loaded.ledger_url) as ledger:
            would_be = preview(ledger, loaded, begin, end)
        write_report(_preview_text(would_be, loaded), None)
    except (LedgerError, CannotWriteError) as error:
        complain(str(error))


def _moment(option: str, text: str) -> datetime | None:
    """A date alone begins at midnight UTC."""
    return moment_of(option, f"{text}T00:00:00Z" if len(text) == len("2026-10-01") else text)


def _channels_of(config: Config, route: str) -> Sequence[str]:
    alerts = config.alerts
    if not route:
        return [*alerts.channels] or complain(alerts.nobody_told or "alerts has no channels")
    chosen = next((one for one in alerts.routes if one.name == route), None)
    if chosen is None:
        known = ", ".join(inert(one.name) for one in alerts.routes) or "none"
        complain(f"alerts test {inert(route)}: there is no such route; known are: {known}")
    fallbacks = [alerts.channels[name].fallback for name in chosen.to]
    return [*dict.fromkeys((*chosen.to, *filter(None, fallbacks)))]


def _send_tests(config: Config, ledger: Ledger, route: str, channels: Sequence[str]) -> "list[tuple[str, Delivery]]":
    """Side by side: one that hangs keeps nobody waiting for longer than itself."""
    from auditor.alerts.sending import Sender

    sender = Sender(config, ledger, lambda: datetime.now(UTC))
    notices = [_make_test(config, name, route) for name in channels]
    with ThreadPoolExecutor(len(notices)) as pool:
        done = [*zip(channels, pool.map(sender.try_once, notices), strict=True)]
    sender.close()
    return done


def _make_test(config: Config, channel: str, route: str) -> Notice:
    from auditor.alerts.message import write_test_message

    now = datetime.now(UTC)
    return Notice(
        key=uuid4().hex,
        kind=None,
        route=route,
        channel=channel,
        severity=Severity.INFO,
        message=write_test_message(config, channel, route, now),
        created_at=now,
        next_at=now,
        labels={"code": "test"},
    )


def _preview_text(would_be: "Preview", config: Config) -> str:
    lines = [_line(one) for one in would_be.notices]
    silent = sum(1 for event in would_be.events if event.state.value == "dropped")
    waiting = sum(1 for event in would_be.events if event.state.value == "waiting")
    told = "1 notice" if len(lines) == 1 else f"{len(lines):,} notices"
    lines.append(
        f"{told} would have been sent; of {len(would_be.events):,} events {silent:,} would have been left out."
    )
    lines += [f"{waiting:,} events would still wait."] if waiting else []
    lines += [config.alerts.nobody_told] if config.alerts.nobody_told else []
    return "\n".join(lines) + "\n"


def _line(one: "WouldBeTold") -> str:
    draft = one.draft
    first = draft.incidents[0].key
    about = [inert(part) for part in (first.flow, first.destination) if part]
    numbers = ", ".join(str(incident.number) for incident in draft.incidents)
    what = ", ".join((f"{draft.kind.value} {draft.severity.value} {first.code}", *about))
    return f"{one.at:%Y-%m-%d %H:%M} UTC  {inert(draft.target.channel)}: {what} (incidents {numbers})"
