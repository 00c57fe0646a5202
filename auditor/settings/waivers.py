"""`waivers:` -> which findings are put up with, why, by whom and until when."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BeforeValidator

from auditor.checks import CATALOGUE
from auditor.model import Waived, Waiver
from auditor.settings.fields import DayOrInstant, Instant, Section, Text, key, needed
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.sections import read_section
from auditor.settings.warnings import place_of
from auditor.settings.yaml_tree import Tree, Value

_EXAMPLE = "{match: {flow: web-3h, code: export-missing}, reason: planned outage, by: jo, until: 2026-12-31}"


def _instant_or_span(given: Any) -> Any:
    return {"at": given} if isinstance(given, str) else given


class DueSection(Section):
    """A span of due times; both ends belong to it."""

    start: Instant | None = key("First due time.", default="–", example="2026-11-01T00:00:00Z", alias="from")
    end: Instant | None = key("Last due time.", default="–", example="2026-11-02T00:00:00Z", alias="to")
    at: Instant | None = key("One due time; the moment alone will do.", default="–", example="2026-11-01T00:00:00Z")


class MatchSection(Section):
    """Patterns (`*`, `?`, `[abc]`) that a finding must fit, each with its whole text. At least one says something."""

    code: Text | None = key("Code of the finding.", default="any", example="export-missing")
    flow: Text | None = key("Name of the flow.", default="any", example="web-*")
    dataset: Text | None = key("Id or name of the dataset.", default="any", example="5ef3e324052581191aa6a466")
    destination: Text | None = key("Name of the destination.", default="any", example="lake-backup")
    due: Annotated[DueSection | None, BeforeValidator(_instant_or_span)] = key(
        "Due time of the run: a moment, or a span.",
        default="any",
        example="{from: 2026-11-01T00:00:00Z, to: 2026-11-02T00:00:00Z}",
    )


class WaiverSection(Section):
    """Findings that are put up with for a while. They stay visible as waived and do not cause exit code 1."""

    match: MatchSection = needed("Which findings.", example="{flow: web-3h, code: export-missing}")
    reason: Text = needed("Why they are put up with.", example="planned outage of the source")
    by: Text = needed("Who decided that.", example="jo@example.com")
    until: DayOrInstant = needed(
        "Until when; a date means until the end of that day (UTC). Afterwards the findings count again.",
        example="2026-12-31",
    )


def read_waivers(given: Value, tree: Tree) -> tuple[Waiver, ...]:
    """Every waiver without mistakes, in the order given; each mistake becomes a problem."""
    if given is None:
        return ()
    if not isinstance(given, list):
        tree.add(("waivers",), f"a list belongs here, as in waivers: [{_EXAMPLE}]")
        return ()
    read = (_read(item, ("waivers", index), tree) for index, item in enumerate(given))
    return tuple(waiver for waiver in read if waiver is not None)


def _read(given: Value, path: Path, tree: Tree) -> Waiver | None:
    before = len(tree.problems)
    section = read_section(WaiverSection, given, path, tree)
    if section is None:
        return None
    for name in ("reason", "by"):
        if not getattr(section, name).strip():
            tree.add((*path, name), "is empty; a waiver needs its reason and who decided it")
    due_from, due_to = _span(section.match.due, (*path, "match", "due"), tree)
    _check_match(section.match, (*path, "match"), tree)
    until = _end(section.until, (*path, "until"), tree)
    if len(tree.problems) > before:
        return None
    match = {
        name: text for name in ("code", "flow", "dataset", "destination") if (text := getattr(section.match, name))
    }
    return Waiver(
        Waived(section.reason, section.by, until),
        **match,
        due_from=due_from,
        due_to=due_to,
        place=place_of(path, tree),
    )


def _check_match(match: MatchSection, path: Path, tree: Tree) -> None:
    said = [match.code, match.flow, match.dataset, match.destination]
    if match.due is None and all(text is None or not text.strip("*?") for text in said):
        tree.add(path, "fits every finding there is; write which, as in {flow: web-3h, code: export-missing}")
    if match.code and not any(fnmatchcase(code, match.code) for code in CATALOGUE):
        hint = did_you_mean(match.code, CATALOGUE)
        message = f"{quoted(match.code)} fits no finding code; `export-auditor explain` lists them.{hint}"
        tree.add((*path, "code"), message)


def _span(due: DueSection | None, path: Path, tree: Tree) -> tuple[datetime | None, datetime | None]:
    if due is None:
        return None, None
    if due.at is not None:
        if due.start is not None or due.end is not None:
            tree.add(path, "has at beside from and to; keep one of them")
        return due.at, due.at
    if due.start is None or due.end is None:
        tree.add(path, "needs both from and to, or is one moment alone, such as 2026-11-01T00:00:00Z")
        return None, None
    if due.end < due.start:
        tree.add(path, "ends before it begins; write from before to")
    return due.start, due.end


def _end(until: date | datetime, path: Path, tree: Tree) -> datetime:
    if isinstance(until, datetime):
        return until
    try:
        return datetime.combine(until + timedelta(days=1), time(), tzinfo=UTC)
    except OverflowError:
        tree.add(path, "reaches past the calendar; write a year such as 2026")
        return datetime.max.replace(tzinfo=UTC)


def find_unknown_names(waivers: tuple[Waiver, ...], known: Mapping[str, Iterable[str]]) -> list[str]:
    """Sentences about patterns that fit no name of the configuration. `known`: names by key (`flow`, `destination`)."""
    return [
        f"{waiver.place}: the waiver's {name} {quoted(getattr(waiver, name))} fits no {name} of this configuration"
        for waiver in waivers
        for name, names in known.items()
        if not any(fnmatchcase(one, getattr(waiver, name)) for one in names)
    ]
