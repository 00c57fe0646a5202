"""What `verify` says to people: a line for each file, its problems in detail, a summary."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.checks import CATALOGUE
from auditor.cli.verify_places import Place
from auditor.model import Content, Fault, FileCheck, Severity
from auditor.report import ReportOptions
from auditor.report.sheet import Sheet
from auditor.report.standing import Standing
from auditor.report.words import render_bytes, render_count
from auditor.scan.names import FileKind

__all__ = ["Tally", "render_file", "render_tally"]

_STANDING = {
    Content.SOUND: Standing.GOOD,
    Content.DAMAGED: Standing.ATTENTION,
    Content.UNVERIFIABLE: Standing.UNKNOWN,
    Content.UNCHECKED: Standing.WAITING,
}
_SKIPPED = {
    FileKind.MANIFEST: ("manifest", "manifests"),
    FileKind.IGNORED: ("name that begins with _ or .", "names that begin with _ or ."),
    FileKind.TEMPORARY: ("upload leftover", "upload leftovers"),
    FileKind.STRAY: ("other file", "other files"),
}


@dataclass(slots=True)
class Tally:
    """What came out, over all files."""

    contents: Counter[Content] = field(default_factory=Counter)
    skipped: Counter[FileKind] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    records: int = 0
    bytes: int = 0

    def add(self, check: FileCheck, size: int) -> None:
        self.contents[check.content] += 1
        self.records += check.records or 0
        self.bytes += size

    def take(self, place: Place) -> None:
        """A place is done: what was passed over there, and what went wrong."""
        self.skipped += place.skipped
        self.passed_over += place.passed_over
        if place.hint and not place.found:
            self.passed_over.append(place.hint)
        if place.trouble:
            self.troubles.append(place.trouble)

    @property
    def exit_code(self) -> int:
        """1 if anything is damaged; 3 if nothing was found or anything could not be checked; else 0."""
        if self.contents[Content.DAMAGED]:
            return 1
        only_sound = self.contents.total() == self.contents[Content.SOUND] > 0
        return 0 if only_sound and not self.troubles else 3

    def remarks(self) -> Iterator[str]:
        """What is not said of any one file."""
        for trouble in self.troubles:
            yield f"Could not look everywhere: {trouble}"
        if self.skipped:
            told = (render_count(count, *_SKIPPED[kind]) for kind, count in sorted(self.skipped.items()))
            yield f"Not checked as data: {', '.join(told)}."
        yield from self.passed_over
        if not self.contents.total():
            yield "Nothing to check was found."


def render_file(path: str, size: int, check: FileCheck, options: ReportOptions) -> str:
    """The line of one file, and below it what is wrong or remarkable."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    symbol, style = sheet.symbol(_STANDING[check.content])
    sheet.say((f"{symbol} {check.content}", style), f" {path}  ({_describe(size, check)})", hang=2)
    if check.reason and not check.faults:
        sheet.say(f"{check.reason}: {check.facts.get('error', '')}", indent=4)
    for fault in check.faults:
        _show_fault(sheet, fault)
    return sheet.render()


def _describe(size: int, check: FileCheck) -> str:
    parts = [str(check.level) if check.content is Content.SOUND else "", check.format or ""]
    parts.append("gzip" if check.compression == "gzip" else "")
    parts.append("" if check.records is None else render_count(check.records, "record"))
    parts.append(render_bytes(size))
    return ", ".join(part for part in parts if part)


def _show_fault(sheet: Sheet, fault: Fault) -> None:
    entry = CATALOGUE[fault.code]
    symbol, style = sheet.symbol(entry.severity)
    sheet.say((f"{symbol} {fault.code}", style), f": {fault.message}", indent=4, hang=2)
    if fault.evidence:
        sheet.say("evidence: " + ", ".join(f"{k} {_show(v)}" for k, v in fault.evidence.items()), indent=6)
    if entry.severity is not Severity.INFO:
        sheet.say(entry.remedy, indent=6)


def _show(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_show, value)) + "]"
    return "unknown" if value is None else "yes" if value is True else "no" if value is False else str(value)


def render_tally(tally: Tally, options: ReportOptions) -> str:
    """The summary line, and what could not be said of any one file."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    for remark in tally.remarks():
        sheet.say(remark)
    told = [f"{tally.contents[content]:,} {content}" for content in Content if tally.contents[content]]
    if told:
        files = render_count(tally.contents.total(), "file")
        sheet.say(f"{files}, {render_bytes(tally.bytes)}, {render_count(tally.records, 'record')}: {', '.join(told)}.")
    return sheet.render()
