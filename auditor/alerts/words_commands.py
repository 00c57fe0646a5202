"""What can be pasted into a shell: commands of this tool with the names of the story. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from auditor.alerts.story import Story
from auditor.alerts.words import quote

__all__ = ["Command", "list_answers", "list_commands"]

_AT_ONCE = 20
_DIFFERENCES = frozenset({"protection-weakened", "flow-unmatched", "flow-disabled", "flow-ended"})


@dataclass(frozen=True, slots=True)
class Command:
    """One line for a shell, and what it is for."""

    purpose: str
    line: str


def list_commands(story: Story, config: Path, *, follows_adobe: bool) -> list[Command]:
    """What helps to find out more, in the order to try. `follows_adobe`: the configuration names a sandbox."""
    commands = [*_looks(story, str(config), follows_adobe)]
    return [*commands, Command("what this finding means", _line("explain", story.code))]


def list_answers(story: Story, config: Path) -> list[Command]:
    """How to say that somebody looks after it, or that it may stay so. Each command takes one number."""
    numbers = [str(number) for number in story.numbers[:_AT_ONCE]]
    answered = all(one.acknowledged for one in story.incidents) and not story.accepts_only
    if not numbers or answered or story.closed_at is not None:
        return []
    verb, purpose = ("accept", "if it may stay as it is") if story.accepts_only else ("ack", "if you look after it")
    signed = ' --by "$USER"' if story.accepts_only else ""
    told = f'--why "…"{signed} -c {quote(str(config))}'
    if len(numbers) == 1:
        return [Command(purpose, f"export-auditor {verb} {numbers[0]} {told}")]
    more = len(story.numbers) - len(numbers)
    told = f'for n in {" ".join(numbers)}; do export-auditor {verb} "$n" {told}; done'
    return [Command(f"{purpose} ({more:,} more in export-auditor incidents)" if more else purpose, told)]


def _looks(story: Story, config: str, follows_adobe: bool) -> Iterator[Command]:
    family = story.entry.family if story.entry else ""
    if story.is_platform:
        yield Command("try the sandbox", _line("experience-platform check", story.destination, "-c", config))
    elif family == "access" or story.code == "credential-expiring":
        names = [story.destination] if story.is_destination else []
        yield Command("try the destination", _line("destinations check", *names, "-c", config))
    elif family == "service":
        yield Command("send a test", _line("alerts test", "-c", config))
    elif family == "waiver":
        yield Command("read the configuration", _line("config check", "-c", config))
    elif story.code == "dataset-unprotected":
        yield Command("what is protected, and what not", _line("coverage", "-c", config))
    elif story.code in ("flow-ending", "export-expiring"):
        yield Command("all that ends by itself", _line("calendar", "-c", config))
    elif story.code in _DIFFERENCES and follows_adobe:
        yield Command("how flows and configuration differ", _line("discover", "--diff", "-c", config))
    else:
        yield _audit(story, family, config)


def _audit(story: Story, family: str, config: str) -> Command:
    options = ["--flow", story.flow] if story.flow else []
    if not story.flow and story.is_destination:
        options = ["--destination", story.destination]
    if story.flow and len(story.datasets) == 1:
        options += ["--dataset", story.datasets[0]]
    if family == "file":
        options += ["--reverify"]
    if family in ("integrity", "layout"):
        options += ["--relist"]
    if story.dues:
        options += ["--since", f"{story.dues[0].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"]
    return Command(
        "read these files again" if family == "file" else "look again now", _line("audit", *options, "-c", config)
    )


def _line(command: str, *words: str) -> str:
    return " ".join(["export-auditor", command, *(quote(word) for word in words)])
