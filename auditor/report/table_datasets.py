"""The table of datasets: one row for each dataset of each flow, by flow."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.table import Table

from auditor.model import AuditResult, Level
from auditor.report.claims import render_tally, tally_flows
from auditor.report.sheet import Sheet
from auditor.report.standing import DatasetStanding, Standing
from auditor.report.summary import Summary
from auditor.report.words import render_count, render_minute

WIDE = 110  # from here the long headings fit, and a name beside its id
NARROWEST_DATASET = 24  # an id in one piece
WORDS = {
    Standing.GOOD: "good",
    Standing.ATTENTION: "act",
    Standing.UNKNOWN: "unknown",
    Standing.WAIVED: "waived",
    Standing.WAITING: "waiting",
}
WIDE_WORDS = WORDS | {Standing.ATTENTION: "needs you"}
NUMBERS = (  # wide heading, narrow heading, field
    ("expected", "due", "expected"),
    ("on time", "time", "on_time"),
    ("late", "late", "late"),
    ("missing", "miss", "missing"),
    ("faulty", "bad", "faulty"),
    ("unknown", "?", "unknown"),
)
LEGEND = (
    "good: newest export here and sound, or proven not needed, nothing grave open. on time: early ones too. "
    "faulty: damaged or incomplete. unknown: not seen, unverifiable or unchecked. "
    "newest sound: due time of that export, and how far it was checked."
)
NARROW_LEGEND = (
    "good: newest export here and sound, or proven not needed, nothing grave open. act: needs you. due: expected. "
    "time: on time or early. miss: missing. bad: damaged or incomplete. "
    "?: not seen, unverifiable or unchecked. newest sound: due time of that export."
)


def show_datasets(sheet: Sheet, result: AuditResult, summary: Summary, *, rows: int) -> None:
    """All datasets; past `rows`, those in order are left out first, and counted."""
    sheet.heading("Datasets")
    shown, left_out = choose(summary.standings, rows)
    layout = _measure(sheet, shown, result)
    since = {watched.flow: watched.since for watched in result.watched}
    claimed = tally_flows(result)
    for flow, group in groupby(shown, key=lambda standing: standing.flow):
        standings = list(group)
        watched = f", watched since {render_minute(since[flow])}" if flow in since else ""
        places = ", ".join(sorted({standing.destination for standing in standings}))
        sheet.say((flow, "bold"), f" → {places}{watched}", indent=2, hang=2)
        if flow in claimed:
            sheet.say(f"Adobe: {render_tally(claimed[flow])}", indent=4, hang=2)
        if layout:
            sheet.show(_table(sheet, standings, result, layout))
        else:
            _show_cards(sheet, standings, result)
    for flow in sorted(since.keys() - {standing.flow for standing in summary.standings}):
        sheet.say((flow, "bold"), f": no run expected since {render_minute(since[flow])}", indent=2, hang=2)
    if left_out:
        sheet.say(render_left_out(left_out), indent=2, hang=2)
    if layout and shown:
        sheet.say((LEGEND if layout.wide else NARROW_LEGEND, "dim"), indent=2, hang=2)
    elif not shown and not since:
        sheet.say("None.", indent=2)


def choose(standings: Sequence[DatasetStanding], rows: int) -> tuple[list[DatasetStanding], list[DatasetStanding]]:
    """Those to show, at most `rows`, and those left out; both by flow and dataset, gravest kept first."""
    order = list(Standing)
    kept = sorted(standings, key=lambda s: (order.index(s.standing), s.flow, s.dataset))[:rows]
    names = {(standing.flow, standing.dataset) for standing in kept}
    shown = [s for s in standings if (s.flow, s.dataset) in names]
    return shown, [s for s in standings if (s.flow, s.dataset) not in names]


def render_left_out(left_out: Iterable[DatasetStanding]) -> str:
    """`and 137 more datasets (7 act, 130 good): see --format json`."""
    counts = Counter(standing.standing for standing in left_out)
    kinds = ", ".join(f"{counts[kind]:,} {WORDS[kind]}" for kind in Standing if counts[kind])
    return f"and {render_count(counts.total(), 'more dataset')} ({kinds}): see --format json"


def render_dataset(dataset: str, result: AuditResult) -> str:
    """`Web events (5ef3e324052581191aa6a466)`; only the id where the name is not known."""
    name = result.names.get(dataset, "")
    return f"{name} ({dataset})" if name else dataset


@dataclass(frozen=True, slots=True)
class Layout:
    """Widths in cells, the same for the tables of all flows."""

    wide: bool
    standing: int
    dataset: int
    numbers: tuple[int, ...]
    newest: int


def _measure(sheet: Sheet, shown: Sequence[DatasetStanding], result: AuditResult) -> Layout | None:
    """How the table fits, or None where an id or a number would have to be broken."""
    wide = sheet.width >= WIDE
    headings = [long if wide else short for long, short, _ in NUMBERS]
    numbers = tuple(
        max([len(heading), *(len(f"{getattr(s, field):,}") for s in shown)])
        for heading, (_, _, field) in zip(headings, NUMBERS, strict=True)
    )
    newest = max(map(len, ["newest sound", *(_newest(s, wide) for s in shown)]))
    standing = 13 if wide else 9
    gaps = (len(numbers) + 2) * (2 if wide else 1)
    room = sheet.width - standing - sum(numbers) - newest - gaps
    lines = [sheet.data(line) for s in shown for line in _dataset_lines(s.dataset, result, wide)]
    natural = max(map(cell_len, [*lines, "dataset"]))
    if room < min(natural, NARROWEST_DATASET):
        return None
    return Layout(wide, standing, min(natural, room), numbers, newest)


def _table(sheet: Sheet, standings: Sequence[DatasetStanding], result: AuditResult, layout: Layout) -> Table:
    gap = 2 if layout.wide else 1
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", width=layout.standing, no_wrap=True)
    table.add_column("dataset", width=layout.dataset, overflow="fold")
    for (long, short, _), width in zip(NUMBERS, layout.numbers, strict=True):
        table.add_column(long if layout.wide else short, width=width, justify="right", no_wrap=True)
    table.add_column("newest sound", width=layout.newest, no_wrap=True)
    words, indent = (WIDE_WORDS, "  ") if layout.wide else (WORDS, "")
    for standing in standings:
        symbol, style = sheet.symbol(standing.standing)
        lines = [sheet.text(line) for line in _dataset_lines(standing.dataset, result, layout.wide)]
        table.add_row(
            sheet.text(indent, (f"{symbol} {words[standing.standing]}", style)),
            sheet.join(lines),
            *(f"{getattr(standing, field):,}" for _, _, field in NUMBERS),
            _newest(standing, layout.wide),
        )
    return table


def _show_cards(sheet: Sheet, standings: Sequence[DatasetStanding], result: AuditResult) -> None:
    for standing in standings:
        symbol, style = sheet.symbol(standing.standing)
        name = render_dataset(standing.dataset, result)
        sheet.say((f"{symbol} {WIDE_WORDS[standing.standing]} ", style), name, indent=4, hang=2)
        numbers = ", ".join(f"{getattr(standing, field):,} {word}" for word, _, field in NUMBERS)
        sheet.say(f"{numbers}; newest sound {_newest(standing, True)}", indent=6)


def _dataset_lines(dataset: str, result: AuditResult, wide: bool) -> list[str]:
    name = result.names.get(dataset, "")
    return [name, dataset] if name and not wide else [render_dataset(dataset, result)]


def _newest(standing: DatasetStanding, wide: bool) -> str:
    """The level too where there is room, or where it is less than every record."""
    if standing.newest_sound is None:
        return "none"
    level = standing.level
    told = level is not None and (wide or level < Level.L3)
    return render_minute(standing.newest_sound) + (f" {level}" if told else "")
