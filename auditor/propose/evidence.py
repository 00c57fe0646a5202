"""What each guess was seen on, as comments. No names from outside stand in these texts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from auditor.model import FileFormat
from auditor.propose.flows import ProposedFlow, rhythm_word
from auditor.propose.habits import Habits, counted
from auditor.propose.rhythm import Rhythm
from auditor.settings.windows import DEFAULT_WINDOWS

_SHOWN = 3  # moments listed


def tell_flow(flow: ProposedFlow, *, now: datetime) -> Iterator[str]:
    """Remarks about the flow as a whole."""
    if len(flow.members) > 1:
        yield (
            f"{len(flow.members)} datasets with the same due times and the same kind of files: taken for one flow. "
            "If they are two, divide it."
        )
    silent = now - flow.newest
    if silent > 2 * flow.schedules[-1].every + DEFAULT_WINDOWS[flow.kind].deadline:
        yield (
            f"Nothing since {_minute(flow.newest)}: it has stopped, or ended. "
            "If it ended on purpose, add the end to its schedule."
        )


def tell_schedule(flow: ProposedFlow, n: int) -> str:
    """`112 folders, 00:00 + n × 3h, 109 of 112 within 6 min`."""
    stretches = [member.stretches[n] for member in flow.members]
    folders = sum(len(one.stamps) for one in stretches)
    offsets = sorted(stamp - due for one in stretches for due, stamp in one.matched.items())
    usual = offsets[(len(offsets) - 1) * 97 // 100]
    within = sum(offset <= usual for offset in offsets)
    span = f"within {_up_minutes(usual)} min" if usual >= 60 else f"within {usual} s" if usual else "to the minute"
    rhythm = _rhythm(stretches[0].rhythm, flow.schedules[n].start)
    return f"{folders:,} folders, {rhythm}, {within:,} of {folders:,} {span}"


def tell_format(flow: ProposedFlow) -> str:
    """How many exports have files of that name."""
    alike, exports = (sum(getattr(one, name) for one in flow.members) for name in ("alike", "exports"))
    return f"by the names of the files in {_part(alike, exports)} exports"


def tell_compression(flow: ProposedFlow) -> str:
    """Which ending was seen."""
    ending = ".parquet" if flow.format is FileFormat.PARQUET else ".json"
    if flow.compression == "gzip":
        ending = ".gz.parquet" if flow.format is FileFormat.PARQUET else ".json.gz"
    return f"the names end with {ending}"


def tell_manifest(flow: ProposedFlow) -> str:
    """In how many exports one was seen; "mixed" where that is no clear answer."""
    have, of = (sum(getattr(one.manifests, name) for one in flow.members) for name in ("have", "of"))
    above = sum(one.manifests.above for one in flow.members)
    mixed = "mixed: " if any(one.manifests.mixed for one in flow.members) else ""
    beside = f", {above:,} manifests above the export folders" if above else ""
    seen = f"seen in {_part(have, of)} exports" if have else f"none in {of:,} exports"
    return f"{mixed}{seen}{beside}"


def tell_manifest_change(flow: ProposedFlow) -> Iterator[str]:
    """Since when they are switched on, and what to do about the exports before."""
    mixed = [one.manifests for one in flow.members if one.manifests.mixed]
    since = [one.since for one in mixed if one.since is not None]
    if since:
        yield f"Since {_minute(min(since))} every export has one: switched on then. To leave out those before, add"
        yield f"watch_from: {min(since):%Y-%m-%dT%H:%M:%SZ}"
    elif mixed:
        yield "The newest exports have none, or not all: look at the dataflow. With true, each without is a finding."


def tell_mode(flow: ProposedFlow) -> str:
    """What the sizes say, or that they say nothing.

    Incremental is the safe choice: a restore then leaves nothing out, and costs at most time.
    """
    clear = [one.sizes for one in flow.members if one.sizes.backfill]
    if len(clear) == len(flow.members):
        times = [sizes.first / max(1, sizes.later) for sizes in clear]
        least, most = min(times), max(times)
        span = f"{least:.0f}" if round(least) == round(most) else f"{least:.0f} to {most:.0f}"
        return f"the first export is {span} times as large as later ones: a backfill"
    if clear:
        return (
            f"{len(clear)} of {len(flow.members)} datasets began with a backfill; "
            "of the others it cannot be told, and incremental is the safe choice"
        )
    return "cannot be told from the sizes; the safe choice: a restore then needs every export, not the newest alone"


def tell_delays(flow: ProposedFlow) -> str:
    """How long after their due times exports were written."""
    delays = [one.delays for one in flow.members]
    measured, copied = (sum(getattr(one, name) for one in delays) for name in ("measured", "copied"))
    beside = f"; {copied:,} more have the date of a copy" if copied else ""
    if not measured:
        return f"no delay can be seen: {copied:,} exports share the date of a copy" if copied else "no delay was seen"
    usual = max(one.usual for one in delays if one.usual is not None)
    largest = max(one.largest for one in delays if one.largest is not None)
    return f"{measured:,} exports, usually written within {_span(usual)} after due, at most {_span(largest)}{beside}"


def tell_dataset(member: Habits) -> str:
    """Its exports and their span."""
    return f"{counted(member.exports, 'export')}, {_minute(member.first)} to {_minute(member.newest)}"


def tell_doubts(member: Habits, flow: ProposedFlow) -> Iterator[str]:
    """What the schedule does not explain, so that nothing is passed over in silence."""
    if member.missing:
        yield f"{counted(member.missing, 'due time')} between without an export"
    if member.beside:
        shown = ", ".join(_minute(one) for one in member.beside[-_SHOWN:])
        more = f" and {len(member.beside) - _SHOWN:,} before" if len(member.beside) > _SHOWN else ""
        count = counted(len(member.beside), "export")
        yield f"{count} beside the schedule (on demand, or second deliveries): {shown}{more}"
    begun = member.stretches[0].first
    if begun > flow.schedules[0].start.timestamp():
        yield f"begins at {_minute(_moment(begun))}: runs of the flow before will be told as missing"
    if len(flow.members) > 1 and flow.newest - member.newest > 2 * flow.schedules[-1].every:
        yield "nothing newer, while others of the flow go on: stopped, or removed from the flow"
    if uncovered := member.older + member.unlooked:
        yield f"{counted(uncovered, 'older export')} not covered: of another schedule, or of none that is clear"
    if member.alike < member.exports:
        yield f"{counted(member.exports - member.alike, 'export')} of another format or compression"
    if member.empty:
        yield f"{counted(member.empty, 'export folder')} without data files"
    if member.malformed:
        yield f"{counted(member.malformed, 'folder')} whose export time cannot be read"


def _rhythm(rhythm: Rhythm, start: datetime) -> str:
    every = timedelta(seconds=rhythm.step)
    if every == timedelta(days=1):
        return f"daily at {start:%H:%M}"
    in_a_day = timedelta(days=1) % every == timedelta(0)
    phase = f"{_moment(rhythm.phase):%H:%M}" if in_a_day else _minute(start)
    word = f"{every // timedelta(days=1)}d" if every > timedelta(days=1) else rhythm_word(every)
    return f"{phase} + n × {word}"


def _part(part: int, whole: int) -> str:
    return f"all {whole:,}" if part == whole else f"{part:,} of {whole:,}"


def _span(span: timedelta) -> str:
    """Whole minutes, rounded up."""
    minutes = max(0, -(-span // timedelta(minutes=1)))
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _up_minutes(seconds: int) -> int:
    return -(-seconds // 60)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
