"""Whether a flow protects less than it did: its baseline against what Flow Service says now. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Schedule


@dataclass(frozen=True, slots=True)
class Weakening:
    """One respect in which a flow protects less."""

    aspect: str  # schedule | datasets | place | format | compression | state | end
    told: str  # end of a sentence that begins with the flow: "exports every 12 h instead of every 3 h"
    before: str
    after: str


def find_weakenings(before: FlowVersion, after: FlowVersion | None) -> tuple[Weakening, ...]:
    """In what `after` is weaker than `before`; None: the flow is no longer there. Empty if in nothing.

    What could not be read now (no schedule, no format) weakens nothing: it is not known.
    """
    if after is None:
        return (Weakening("state", "was deleted", before.state or "there", "deleted"),)
    return tuple(_find(before, after))


def _find(before: FlowVersion, after: FlowVersion) -> Iterator[Weakening]:
    if before.is_at_work and after.is_off:
        yield Weakening("state", f"is {after.state} now", before.state, after.state)
    yield from _sparser(before.schedule, after.schedule)
    yield from _ends_earlier(before.schedule, after.schedule)
    yield from _lost_datasets(before, after)
    if _has_moved(before.place, after.place):
        was, now = _place(before), _place(after)
        yield Weakening("place", f"writes to {now} instead of {was}", was, now)
    yield from _otherwise("format", before.format, after.format)
    yield from _otherwise("compression", before.compression, after.compression)


def tells_as_much(before: FlowVersion, after: FlowVersion) -> bool:
    """Whether `after` tells all that `before` does: what says less cannot be what a flow is measured by."""
    was, now = before.place, after.place
    pairs = (
        (before.schedule, after.schedule),
        (before.datasets, after.datasets),
        (before.format, after.format),
        (before.compression, after.compression),
        (was.server, now.server),
        (was.bucket, now.bucket),
    )
    return all(later or not earlier for earlier, later in pairs) and not _is_blank(now, than=was)


def _has_moved(before: TargetPlace, after: TargetPlace) -> bool:
    """By what both tell: an account or a target connection that cannot be read moves nothing."""
    if _is_blank(after, than=before) or _is_blank(before, than=after):
        return False
    told = ((before.bucket, after.bucket), (before.server, after.server))
    return (before.type, before.path) != (after.type, after.path) or any(a and b and a != b for a, b in told)


def _is_blank(place: TargetPlace, *, than: TargetPlace) -> bool:
    """Whether it says nothing at all, and the other does: its target connection was not there to be read."""
    return not (place.bucket or place.path or place.server) and bool(than.bucket or than.path or than.server)


def _otherwise(aspect: str, before: StrEnum | None, after: StrEnum | None) -> Iterator[Weakening]:
    if before is not None and after is not None and before != after:
        yield Weakening(aspect, f"writes {aspect} {after} instead of {before}", str(before), str(after))


def _sparser(before: Schedule | None, after: Schedule | None) -> Iterator[Weakening]:
    if before is None or after is None or before.once:
        return
    was, now = _rhythm(before), _rhythm(after)
    if after.once:
        yield Weakening("schedule", f"exports only once instead of {was}", was, now)
    elif before.every and after.every and after.every > before.every:
        yield Weakening("schedule", f"exports {now} instead of {was}", was, now)


def _ends_earlier(before: Schedule | None, after: Schedule | None) -> Iterator[Weakening]:
    if before is None or after is None or after.end is None:
        return
    if before.end is None or after.end < before.end:
        was, now = _day(before.end), _day(after.end)
        instead = f" instead of {was}" if before.end else ", where it had no end"
        yield Weakening("end", f"ends {now}{instead}", was, now)


def _lost_datasets(before: FlowVersion, after: FlowVersion) -> Iterator[Weakening]:
    kept = {dataset.id for dataset in after.datasets}
    lost = [dataset for dataset in before.datasets if dataset.id not in kept]
    if lost and after.datasets:  # none at all: its source connection could not be read
        names = ", ".join(dataset.name or dataset.id for dataset in lost[:5])
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        yield Weakening(
            "datasets",
            f"exports {names}{more} no longer",
            " ".join(dataset.id for dataset in lost),
            "",
        )


def _rhythm(schedule: Schedule) -> str:
    if schedule.once or schedule.every is None:
        return "once"
    hours = schedule.every.total_seconds() / 3600
    return f"every {hours:g} h"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "no end"


def _place(flow: FlowVersion) -> str:
    place = flow.place
    return "/".join(part.strip("/") for part in (place.server, place.bucket, place.path) if part) or place.type
