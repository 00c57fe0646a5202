"""What the HTML report must not hide: folders nobody asked for, what was not checked or watched, what no check sees."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from auditor.model import AuditResult, Level, Verdict
from auditor.report.html_limits import HtmlLimits
from auditor.report.json_report import run_order
from auditor.report.summary import Summary, list_unverifiable
from auditor.report.table_datasets import render_dataset
from auditor.report.table_findings import render_where
from auditor.report.words import render_bytes, render_count, render_minute

CANNOT_SEE = {
    Level.L0: "listed only: nothing of their contents was read",
    Level.L1: "sizes and manifest agree: nothing of their contents was read",
    Level.L2: "the container is sound: not every record was decoded",
    Level.L3: "every record decoded, every checksum in the file verified",
    Level.L4: "equal to the provider's checksum, or to the hash taken earlier",
    Level.L5: "restored in a rehearsal",
}


@dataclass(frozen=True, slots=True)
class UnexpectedFolder:
    where: str
    folder: str
    content: str
    size: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason why things could not be checked."""

    reason: str
    count: str
    subjects: tuple[tuple[str, str], ...]  # subject, where
    left_out: int


@dataclass(frozen=True, slots=True)
class Doubts:
    reasons: tuple[Doubt, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class BlindSpots:
    levels: tuple[tuple[str, int, str], ...]  # level, sound exports that reached it, what that says
    files: int  # sound files without checksums of their own
    datasets: tuple[tuple[str, int], ...]  # where these are, most first
    left_out: int  # datasets


def list_unexpected(result: AuditResult, limits: HtmlLimits) -> tuple[tuple[UnexpectedFolder, ...], int]:
    """Folders without a due time, and how many more there are."""
    runs = sorted((run for run in result.runs if run.due is None), key=run_order)
    folders = tuple(_describe(result, run) for run in runs[: limits.unexpected])
    return folders, max(0, len(runs) - limits.unexpected)


def _describe(result: AuditResult, run: Verdict) -> UnexpectedFolder:
    level = f" to {run.level}" if run.level is not None else ""
    records = "" if run.records is None else f", {render_count(run.records, 'record')}"
    return UnexpectedFolder(
        where=render_where(result, run.flow, run.dataset, run.destination, None),
        folder=run.folder,
        content=f"{run.content.value}{level}",
        size=f"{render_count(run.files, 'file')}, {render_bytes(run.bytes)}{records}",
    )


def list_doubts(result: AuditResult, limits: HtmlLimits) -> Doubts:
    """What could not be checked, by reason, most frequent first."""
    reasons: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for item in list_unverifiable(result):
        where = render_where(result, item.flow, item.dataset, item.destination, item.due)
        reasons[item.reason].append((item.subject, where))
    order = sorted(reasons, key=lambda reason: (-len(reasons[reason]), reason))
    shown = tuple(_doubt(reason, reasons[reason], limits) for reason in order[: limits.reasons])
    rest = [len(reasons[reason]) for reason in order[limits.reasons :]]
    more = f"and {render_count(len(rest), 'more reason')}, {render_count(sum(rest), 'time')}" if rest else ""
    return Doubts(shown, more)


def _doubt(reason: str, subjects: list[tuple[str, str]], limits: HtmlLimits) -> Doubt:
    shown = tuple(subjects[: limits.subjects])
    return Doubt(reason, render_count(len(subjects), "time"), shown, len(subjects) - len(shown))


def list_watched(result: AuditResult, limits: HtmlLimits) -> tuple[tuple[tuple[str, str, bool], ...], int]:
    """Flows with the moment since which they are watched and whether a run was due, and how many more there are."""
    with_runs = {run.flow for run in result.runs if run.due is not None}
    watched = sorted(result.watched, key=lambda w: (w.flow in with_runs, w.flow, w.since))
    rows = tuple((w.flow, render_minute(w.since), w.flow in with_runs) for w in watched[: limits.flows])
    return rows, len(watched) - len(rows)


def list_blind_spots(result: AuditResult, summary: Summary, limits: HtmlLimits) -> BlindSpots:
    """How far what is called sound was proven, and where a changed value could go unseen."""
    unprotected: Counter[tuple[str, str]] = Counter()
    for run in result.runs:
        if run.unprotected:
            unprotected[run.flow, run.dataset] += run.unprotected
    order = sorted(unprotected, key=lambda pair: (-unprotected[pair], pair))
    names = [
        (" / ".join(filter(None, (flow, render_dataset(dataset, result)))), unprotected[flow, dataset])
        for flow, dataset in order[: limits.unprotected]
    ]
    levels = tuple((str(level), count, CANNOT_SEE[level]) for level, count in summary.arrived_level.items())
    return BlindSpots(levels, unprotected.total(), tuple(names), len(order) - len(names))


def explain_watching(result: AuditResult, summary: Summary) -> str:
    """Since when this audit looks, in a sentence."""
    if result.watched_from is None:
        return "Nothing is watched."
    idle = f" {render_count(summary.idle_flows, 'flow')} had no run due." if summary.idle_flows else ""
    return f"Watched since {render_minute(result.watched_from)}; what is earlier was not watched.{idle}"
