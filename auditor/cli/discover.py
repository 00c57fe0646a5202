"""`export-auditor discover`: a configuration from what Experience Platform says of its dataset exports."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.cli.choices import DEFAULT_CONFIG, complain, moment_of
from auditor.cli.discover_text import render_diff, tell_failures, tell_result
from auditor.cli.output import CannotWriteError, write_report
from auditor.cli.progress import show_progress
from auditor.propose.yaml_edits import CannotEditError
from auditor.service.discovered_config import Written, merge_config, write_config
from auditor.service.discovering import SandboxFlows, read_sandboxes
from auditor.settings import Config, ConfigError, load_config
from auditor.settings.experience_platform import ExperiencePlatformFacts
from auditor.settings.platforms import Platforms, has_flows, load_platforms
from auditor.settings.problems import did_you_mean


def discover(
    config: Annotated[Path, typer.Option("--config", "-c", help="Names the sandboxes.")] = DEFAULT_CONFIG,
    sandbox: Annotated[
        list[str] | None, typer.Option(help="Only this entry of experience_platform, or sandbox. May be given again.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file. Default: standard output.")] = None,
    *,
    merge: Annotated[bool, typer.Option("--merge", help="Bring what is new into the file that is there.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --merge would change; write nothing.")] = False,
    now: Annotated[str, typer.Option(help="Which flows have ended by then: a moment like 2026-11-01T06:00:00Z.")] = "",
) -> None:
    """Write a configuration from the dataset-export flows that Experience Platform has.

    Only reads there. Exit code 0; 1 with --diff where something differs; 3 where a sandbox could not be read, or
    nothing exports; 2 usage or configuration.
    """
    if merge and diff:
        complain("--merge and --diff do not go together; --diff shows what --merge would do")
    if (merge or diff) and str(output) == "-":
        complain("--merge brings what is new into a file; to see it, use --diff without -o")
    if output is not None and str(output) != "-" and output.exists() and not merge and not diff:
        complain(f"{inert(str(output))!r} exists; name another file, or add --merge or --diff")
    moment = moment_of("--now", now) or datetime.now(UTC)
    platforms = load_sandboxes(config)
    chosen = choose_sandboxes(platforms, sandbox or [])
    target = _target(config, output) if merge or diff else None
    there = _read_target(target) if target else None
    sandboxes = _read(chosen)
    failed = [one for one in sandboxes if one.failure is not None]
    tell_failures(failed)
    if len(failed) == len(sandboxes):
        _give_up("no sandbox could be read, so nothing is written")
    try:
        if target is None or there is None:
            written = write_config(platforms, sandboxes, now=moment)
            _refuse_nothing(written, sandboxes)
            write_report(written.text, output)
            differs = False
        else:
            written = merge_config(there.text, there.config, platforms, sandboxes, now=moment)
            differs = _put(there, written, target, diff=diff)
    except (CannotWriteError, CannotEditError) as error:
        complain(str(error))
    except (ConfigError, ValueError) as error:
        _give_up(f"what is there cannot stand in a configuration, so nothing is written: {error}")
    tell_result(written, sandboxes, shown_only=diff)
    raise typer.Exit(3 if failed else 1 if diff and differs else 0)


def load_sandboxes(path: Path) -> Platforms:
    """The section experience_platform of a configuration, or every mistake in it and exit code 2."""
    try:
        return load_platforms(path)
    except ConfigError as error:
        complain(str(error))


def choose_sandboxes(platforms: Platforms, names: Sequence[str]) -> list[ExperiencePlatformFacts]:
    """Those of these names, by entry or sandbox; all if none is named. A name that is none ends with exit code 2."""
    known = {name for one in platforms.facts.values() for name in (one.name, one.sandbox)}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            there = ", ".join(map(inert, platforms.facts))
            complain(f"{inert(name)}: no sandbox of that name in {platforms.path}; there: {there}.{hint}")
    return [one for one in platforms.facts.values() if not names or {one.name, one.sandbox} & set(names)]


class _There:
    """The file that is there. Its line breaks and byte order mark are given back as they were.

    Raises CannotEditError where they could not be.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.config: Config | None = None  # what it says; None while it has neither destinations nor flows
        self._bom = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise CannotEditError("the file is not UTF-8; save it as such, so that it can be added to") from None
        self._break = "\r\n" if "\r\n" in text else "\n"
        self.text = text.replace("\r\n", "\n")
        if "\r" in self.text or self.whole(self.text).encode("utf-8") != data:
            raise CannotEditError(
                "the file has line breaks of several kinds; make them one, so that it can be added to"
            )

    def whole(self, text: str) -> str:
        return self._bom + text.replace("\n", self._break)


def _target(config: Path, output: Path | None) -> Path:
    if output is None:
        return config
    if not output.exists():
        complain(
            f"{inert(str(output))!r} is not there, so there is nothing to compare with; leave --merge and --diff out"
        )
    return output


def _read_target(path: Path) -> _There:
    try:
        there = _There(path.read_bytes())
        there.config = load_config(path) if has_flows(path) else None
        return there
    except (ConfigError, CannotEditError) as error:
        complain(str(error))
    except OSError as error:
        complain(f"{inert(str(path))!r} cannot be read: {error.strerror}")


def _read(chosen: Sequence[ExperiencePlatformFacts]) -> list[SandboxFlows]:
    found = []
    with show_progress(sys.stderr) as progress:
        progress.stage("sandboxes read", len(chosen))
        for one in read_sandboxes(chosen):
            found.append(one)
            progress.advance()
    return found


def _put(there: _There, written: Written, target: Path, *, diff: bool) -> bool:
    """Show or write the merged text. Says whether it differs from what is there."""
    differs = written.text != there.text
    if diff:
        write_report(render_diff(there.text, written.text, target), None)
        return differs
    if differs:
        text = there.whole(written.text)
        _check_merged(text, target)
        if target.read_bytes() != there.data:  # reading sandboxes takes its time
            complain(f"{inert(str(target))!r} was changed meanwhile; nothing was written: run it again")
        write_report(text, target)
    return differs


def _check_merged(text: str, target: Path) -> None:
    """Load it from where it will lie: what it includes is found from there. Raises ConfigError."""
    trial = target.absolute().with_name(f".export-auditor-{os.getpid()}.yaml")
    try:
        # It may hold a secret that stands in the file as plain text: nobody else may read it.
        with os.fdopen(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as place:
            place.write(text.encode("utf-8"))
        load_config(trial)
    except ConfigError as error:
        raise ConfigError(str(target), error.problems) from None
    except OSError as error:
        raise CannotWriteError(f"cannot write a file beside {str(target)!r}: {error.strerror}") from None
    finally:
        trial.unlink(missing_ok=True)


def _refuse_nothing(written: Written, sandboxes: Sequence[SandboxFlows]) -> None:
    if written.discovery.flows:
        return
    tell_result(written, sandboxes)
    _give_up("no flow exports datasets at present, so nothing is written")


def _give_up(sentence: str) -> None:
    typer.echo(f"export-auditor: {inert(sentence)}", err=True)
    raise typer.Exit(3)
